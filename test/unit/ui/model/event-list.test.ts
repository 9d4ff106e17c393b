// `fleet events`: terms that nodes remember and audit entries, as one list by time; then what the dashboard's rules notice.
import { expect, test } from "vitest";
import { AuditEntry } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { Vitals } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ReignEnd } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { followEvents } from "../../../../src/ui/follow-events.ts";
import { pastEvents } from "../../../../src/ui/model/event-list.ts";
import type { FleetEvent } from "../../../../src/ui/model/top/state.ts";
import { clustersReply, downNode, fleetReply, shardsReply, upNode } from "./fixtures.ts";

const WALL = Date.parse("2026-01-01T00:10:00Z");
const vitals = Vitals.fromPartial({
  reigns: [
    { leaderId: 2, term: 2, fromAgeMs: 300_000, untilAgeMs: 60_000, ended: ReignEnd.HANDED_OVER },
    { leaderId: 1, term: 3, fromAgeMs: 60_000 },
  ],
});
const fleet = () => {
  const node = upNode(1, { vitals });
  return { ...fleetReply([node]), nodes: [{ ...node, observedAtMs: WALL }] };
};
const entry = (index: number, minute: number, what: string) =>
  AuditEntry.fromPartial({ index, atMs: WALL - minute * 60_000, what, actor: "fleet://admin" });

test("terms and changes stand in one list, the newest last", () => {
  const { events, auditIndex } = pastEvents(
    fleet(),
    [entry(4, 9, "drain shard s1"), entry(7, 3, "bind c1")],
    10,
  );
  expect(events.map(({ atMs, text }) => [(atMs - WALL) / 60_000, text])).toEqual([
    [-9, "drain shard s1 (admin)"],
    [-5, "n2 leads term 2"],
    [-3, "bind c1 (admin)"],
    [-1, "n2 led term 2 for 4m00s: it handed over"],
    [-1, "n1 leads term 3"],
  ]);
  expect(auditIndex).toBe(7);
});

test("at most as many as asked for, the newest", () => {
  const { events } = pastEvents(fleet(), [entry(4, 9, "drain shard s1")], 2);
  expect(events.map(({ text }) => text)).toEqual([
    "n2 led term 2 for 4m00s: it handed over",
    "n1 leads term 3",
  ]);
  expect(pastEvents(fleet(), [], 0).events).toEqual([]);
});

test("what comes later is said once: entries after those already shown, and a node that dies", async () => {
  const end = new AbortController();
  const told: FleetEvent[] = [];
  let looks = 0;
  const watch = {
    addresses: ["127.0.0.1:7001"],
    follow: async (_: string, tell: (reply: ReturnType<typeof fleetReply>) => void) => {
      tell(fleetReply([upNode(1), upNode(2)]));
      tell(fleetReply([upNode(1), downNode(2)]));
    },
  };
  const empty = async () => ({}) as never;
  const lists = {
    ...{ listDomains: empty, listInstructions: empty, listShortfalls: empty, listQuotas: empty },
    ...{ listProviders: empty, listSessions: empty },
    listShards: async () => shardsReply(),
    listClusters: async () => clustersReply(),
    listAudit: async () => {
      looks += 1;
      if (looks === 2) end.abort();
      return {
        stamp: undefined,
        export: undefined,
        more: false,
        entries: [entry(7, 2, "old"), entry(9, 1, "new")],
      };
    },
  };
  let now = 0;
  const clock = () => {
    now += 400;
    return now;
  };
  await followEvents(
    { watch, lists, auditIndex: 7, now: clock },
    (events) => told.push(...events),
    end.signal,
  );
  expect(told.map(({ text }) => text).sort()).toEqual(["n2 is down: connection refused", "new (admin)"]);
});
