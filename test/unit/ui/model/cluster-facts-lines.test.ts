// How one cluster reads.
import { expect, test } from "vitest";
import { AuditEntry, ShardState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { Drift } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { rfc3339 } from "../../../../src/ui/cli/json.ts";
import { clusterFactsLines, type Facts, historyLines } from "../../../../src/ui/model/cluster-facts-lines.ts";
import { clusterView, lateSight, shardView, shortfallOfC1 } from "./fixtures.ts";

const facts = (differs: Partial<Facts> = {}): Facts => ({
  ...{
    cluster: clusterView("c1"),
    shard: shardView("s1"),
    shortfalls: [],
    history: [],
    historyAfterIndex: 0,
  },
  ...differs,
});

test("a cluster that is well has a good line each for its declaration, its drift, its session and its shard", () => {
  const lines = clusterFactsLines(facts(), rfc3339);
  expect(lines.map(({ mark }) => mark)).toEqual(["good", "good", "good", "good"]);
  expect(lines[0]?.text).toBe(
    "c1 is declared to s1 since 2023-11-14T22:13:20.000Z by fleet://admin, version 1",
  );
});

test("what is not well is marked: no declaration, drift, a silent shard, a second agent, demand", () => {
  const cluster = clusterView("c1", Drift.ELSEWHERE, { declared: undefined, observed: [lateSight("s2")] });
  const { shard: row, ...rest } = shardView("s1");
  const draining = { ...rest, shard: row && { ...row, state: ShardState.DRAINING } };
  const lines = clusterFactsLines(
    facts({ cluster, shard: draining, shortfalls: [shortfallOfC1()] }),
    rfc3339,
  );
  expect(lines.filter(({ mark }) => mark === "good")).toEqual([]);
  expect(lines.map(({ text }) => text).join("\n")).toMatch(
    /declared to no shard.*silent since.*draining.*s1 lacks cpu=4 for it on machines with zone=z1, for 3 cycles/s,
  );
});

test("the newest twenty changes show, and what was left out is said", () => {
  const history = Array.from({ length: 25 }, (_, at) =>
    AuditEntry.fromPartial({ index: at, what: `change ${at}`, actor: "fleet://admin", reason: "a reason" }),
  );
  const lines = historyLines(facts({ history, historyAfterIndex: 9 }), rfc3339);
  expect(lines[1]).toBe(
    "changes of it in the audit log: 25, the newest 20 below, entries before index 9 were not searched",
  );
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toMatch(/^ {2}24 .* change 24 \(a reason\)$/);
});
