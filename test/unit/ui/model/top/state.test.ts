import { describe, expect, test } from "vitest";
import {
  FollowerProgress,
  ListDomainsResponse,
  NodeStatus,
  Vitals,
} from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { paintFor } from "../../../../../src/ui/cli/color.ts";
import { momentIn } from "../../../../../src/ui/cli/moment.ts";
import { UNICODE } from "../../../../../src/ui/model/symbols.ts";
import { commandHere } from "../../../../../src/ui/model/top/actions.ts";
import { cursorAt, listHere, viewHere } from "../../../../../src/ui/model/top/cursor.ts";
import { frameRows } from "../../../../../src/ui/model/top/frame-rows.ts";
import type { Action } from "../../../../../src/ui/model/top/keys.ts";
import { observe } from "../../../../../src/ui/model/top/observe.ts";
import { HISTORY_SECONDS, initialTopState, type TopState } from "../../../../../src/ui/model/top/state.ts";
import { rowsOf } from "../../../../../src/ui/model/top/view-list.ts";
import type { TableView } from "../../../../../src/ui/model/top/views.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  listed,
  shardsReply,
  shardView,
  syncLatency,
  upNode,
} from "../fixtures.ts";
import {
  clusters,
  commitAt,
  front,
  heard,
  keys,
  names,
  stateAfter,
  texts,
  tick,
  typing,
} from "./state-in.ts";

const look = { paint: paintFor(false), symbols: UNICODE, moment: momentIn(true) };

describe("nodes", () => {
  const cells = (state: TopState, at: number) => rowsOf(state, "nodes").cellsAt(at);
  const state = stateAfter(
    heard(1000, upNode(1), upNode(2)),
    heard(5000, upNode(1), downNode(2)),
    tick(5000),
  );

  test("a silent node keeps what it last said, and shows since when it is silent", () => {
    expect(rowsOf(state, "nodes").isStaleAt(1)).toBe(true);
    expect(cells(state, 1).slice(0, 5)).toEqual(["n2", { text: "down 4.0s", mark: "bad" }, null, 3, 120]);
  });
  test("a node that never answered has no age", () => {
    expect(cells(stateAfter(heard(0, downNode(1))), 0)[1]).toEqual({ text: "down", mark: "bad" });
  });
  test("a node that was not heard yet is not called down", () => {
    const unheard = { ...downNode(1), error: null };
    expect(cells(stateAfter(heard(0, unheard)), 0)[1]).toEqual({ text: "asking", mark: "unknown" });
  });
  test("an old answer that comes along with another node's new one stays old", () => {
    const old = upNode(2);
    const sights = stateAfter(heard(1000, upNode(1), old), heard(5000, upNode(1), old)).nodes;
    expect(sights.map(({ lastGood }) => lastGood?.atMs)).toEqual([5000, 1000]);
  });
  test("when nobody answers, members known before are still listed, as down", () => {
    const alone = stateAfter(heard(0, upNode(1), upNode(2), upNode(3)), heard(1000, downNode(1)));
    expect([0, 1, 2].map((at) => rowsOf(alone, "nodes").isStaleAt(at))).toEqual([true, true, true]);
  });
  test("a member that was removed disappears once the others say so", () => {
    const removed = stateAfter(heard(0, upNode(1), upNode(3)), heard(1000, upNode(1)));
    expect(names(removed, "nodes")).toEqual(["n1"]);
    expect(texts(removed)).toEqual(["n3 is not a member"]);
  });
  test("an open node shows what the leader says of it, and who led when", () => {
    const follower = {
      nodeId: 2,
      matchIndex: 7,
      state: "probe",
      active: true,
      nextIndex: 9,
      inflight: 1,
      paused: true,
      lagEntries: 113,
      lagMs: 4_200,
      learner: false,
      snapshot: undefined,
      roundTripMs: 3.25,
    };
    const vitals = Vitals.fromPartial({ reigns: [{ leaderId: 1, term: 3, fromAgeMs: 90_000 }] });
    const led = stateAfter(heard(0, upNode(1, { followers: [follower], vitals }), upNode(2)), tick(0));
    const details = rowsOf(led, "nodes")
      .detailsOf(led, "n2")
      ?.map(({ label, cell }) => `${label}: ${String(cell)}`);
    for (const line of [
      "state: probe, paused",
      "match: 7, next 9",
      "lag: 113 entries, 4.2s",
      "round trip: 3.3ms",
      "term 3: n1 leads for 1m30s",
    ])
      expect(details).toContain(line);
  });
  test.each([
    { differs: {}, cell: { text: "writes take 2.0ms (p99 of the last minute)", mark: "good" } },
    {
      differs: { diskSlow: true, syncs: syncLatency(300) },
      cell: { text: "slow: writes take 300ms (p99 of the last minute)", mark: "warn" },
    },
    { differs: { diskFull: true }, cell: { text: "full: as a leader it accepts no writes", mark: "bad" } },
    { differs: { syncs: undefined }, cell: null },
  ])("an open node shows the state of its disk: $cell.text", ({ differs, cell }) => {
    const open = stateAfter(heard(0, upNode(1, differs)));
    const details = rowsOf(open, "nodes").detailsOf(open, "n1") ?? [];
    expect(details.find(({ label }) => label === "disk")?.cell ?? null).toEqual(cell);
  });
  test("an open node shows its disk's free space; one of an older build n/a", () => {
    const vitals = Vitals.fromPartial({ diskRoom: { freeBytes: 3 * 2 ** 30, totalBytes: 40 * 2 ** 30 } });
    const open = stateAfter(heard(0, upNode(1, { vitals }), upNode(2)));
    const shown = (name: string) =>
      rowsOf(open, "nodes")
        .detailsOf(open, name)
        ?.find(({ label }) => label === "free space")?.cell;
    expect(shown("n1")).toEqual({ text: "3.0 GiB (7%)", mark: "warn" });
    expect(shown("n2")).toEqual({ text: "n/a", mark: "unknown" });
  });
  test("on etcd no node follows another's log, and no data folder has one", () => {
    const follower = { nodeId: 2, matchIndex: 7, state: "replicate", active: true, nextIndex: 8 };
    const etcdEngine = { prefix: "/fleet/prod" };
    const status = NodeStatus.fromPartial({ etcdEngine, vitals: { logBytes: 16 * 1024 * 1024 } });
    const { vitals } = status;
    const own = { etcdEngine: status.etcdEngine, vitals };
    const followers = [FollowerProgress.fromPartial(follower)];
    const state = stateAfter(heard(0, upNode(1, { ...own, followers }), upNode(2, own)), tick(0));
    const shown = (view: TableView) => {
      const list = rowsOf(state, view);
      const cells = list.cellsAt(1);
      return new Map(list.columns.map(({ header }, at) => [header, cells[at]]));
    };
    for (const header of ["LAG TIME", "FOLLOWS BY", "IN FLIGHT"])
      expect(shown("nodes").get(header), header).toBeNull();
    expect(shown("snapshots").get("LOG SIZE")).toBeNull();
    expect(state.measured.at(-1)?.lagMs).toBeNull();
  });
});

test("an open node on this machine shows the end of its log, the newest line first, also when it is down", () => {
  const line = (at: string, level: "info" | "error", fact: string) =>
    ({ process: "n1", at: `2026-01-01T10:00:${at}.000Z`, level, fact, fields: { term: 3 } }) as const;
  const logs = listed("logs", { n1: [line("01", "info", "leads"), line("02", "error", "the disk is full")] });
  for (const node of [upNode(1), downNode(1)]) {
    const state = stateAfter(heard(0, node), logs);
    expect(rowsOf(state, "nodes").detailsOf(state, "n1")?.slice(-3)).toEqual([
      { label: "end of its log" },
      { label: "10:00:02Z", cell: { text: "the disk is full  term=3", mark: "bad" } },
      { label: "10:00:01Z", cell: "leads  term=3" },
    ]);
  }
});

describe("what is measured each second", () => {
  const rates = (state: TopState) => state.measured.map(({ commitsPerSecond }) => commitsPerSecond);

  test("entries a second, from tick to tick", () => {
    expect(rates(stateAfter(commitAt(0, 100), tick(1000), commitAt(2900, 150), tick(3000)))).toEqual([
      null,
      25,
    ]);
  });
  test("ticks within a second make no sample", () => {
    expect(rates(stateAfter(commitAt(0, 1), tick(1), tick(900)))).toEqual([null]);
  });
  test("survivors that know less than the dead leader give no negative rate", () => {
    const less = heard(1500, upNode(1, { commitIndex: 90 }));
    expect(rates(stateAfter(commitAt(0, 100), tick(1000), less, tick(2000)))).toEqual([null, 0]);
  });
  test("only so many samples are kept", () => {
    const events = Array.from({ length: HISTORY_SECONDS + 10 }, (_, second) => tick(1000 * second));
    expect(stateAfter(commitAt(0, 5), ...events).measured).toHaveLength(HISTORY_SECONDS);
  });
  test("the leader's latency, the largest lag, and each node's syncs", () => {
    const vitals = Vitals.fromPartial({ commitP99Ms: 12 });
    const state = stateAfter(heard(0, upNode(1, { vitals }), upNode(2), downNode(3)), tick(1000));
    expect(state.measured).toEqual([{ commitsPerSecond: null, commitP99Ms: 12, lagMs: null }]);
    expect(state.syncs).toEqual({ n1: [2], n2: [2], n3: [null] });
  });
});

test("a lag that a new leader does not know yet is not charted as one of an hour", () => {
  const follower = {
    nodeId: 3,
    matchIndex: 0,
    state: "probe",
    active: false,
    nextIndex: 9,
    inflight: 0,
    paused: true,
  };
  const followers = [{ ...follower, lagEntries: 113, lagMs: 3_600_000, learner: false, snapshot: undefined }];
  const state = stateAfter(heard(0, upNode(1, { followers }), upNode(2), downNode(3)), tick(1000));
  expect(state.measured.at(-1)?.lagMs).toBeNull();
});

describe("keys", () => {
  test.each<{ actions: Action[]; part: Partial<TopState>; why: string }>([
    { actions: [{ kind: "quit" }], part: { running: "quit" }, why: "" },
    {
      actions: [{ kind: "interrupt" }],
      part: { running: "interrupted" },
      why: "the exit code differs from q",
    },
    { actions: [{ kind: "turn-view", by: -1 }], part: { view: "drills" }, why: "views go round" },
    { actions: [{ kind: "show-view", view: "shards" }], part: { view: "shards" }, why: "" },
    { actions: [{ kind: "toggle-drift-only" }], part: { view: "clusters" }, why: "drift is about clusters" },
    { actions: [{ kind: "toggle-help" }, { kind: "back" }], part: { help: false }, why: "esc leaves help" },
    {
      actions: [{ kind: "begin-command" }, { kind: "type", text: "aud" }, { kind: "end-prompt" }],
      part: { view: "audit", prompt: null },
      why: "a view by the beginning of its name",
    },
    {
      actions: [{ kind: "begin-command" }, { kind: "type", text: "sho" }, { kind: "complete" }],
      part: { prompt: { kind: "view", text: "shortfalls" } },
      why: "tab completes",
    },
    {
      actions: [{ kind: "begin-command" }, { kind: "type", text: "q!" }, { kind: "end-prompt" }],
      part: { view: "overview", running: "yes" },
      why: "what is no view changes nothing",
    },
    {
      actions: [{ kind: "begin-command" }, { kind: "type", text: "q" }, { kind: "end-prompt" }],
      part: { running: "quit" },
      why: "as in vi",
    },
  ])("$actions: $why", ({ actions, part }) =>
    expect(keys(stateAfter(clusters), ...actions)).toMatchObject(part),
  );

  test("names are in natural order, drift comes first, d leaves only that", () => {
    expect(names(stateAfter(clusters), "clusters")).toEqual(["c3", "c2", "c1", "c10"]);
    const only = keys(stateAfter(clusters), { kind: "toggle-drift-only" });
    expect(names(only, "clusters")).toEqual(["c3", "c2"]);
    expect(names(keys(only, { kind: "toggle-drift-only" }), "clusters")).toHaveLength(4);
  });

  test("s goes through the columns and back to the view's own order, S the other way, r reverses", () => {
    const here = front(stateAfter(clusters), "clusters");
    const sorted = keys(here, { kind: "turn-sort", by: 1 });
    expect(names(sorted, "clusters")).toEqual(["c1", "c2", "c3", "c10"]);
    expect(names(keys(sorted, { kind: "reverse-sort" }), "clusters")).toEqual(["c10", "c3", "c2", "c1"]);
    expect(viewHere(keys(sorted, { kind: "turn-sort", by: -1 })).sortColumn).toBeNull();
    const columns = listHere(here)?.columns.length ?? 0;
    const round = Array.from({ length: columns + 1 }, (): Action => ({ kind: "turn-sort", by: 1 }));
    expect(viewHere(keys(here, ...round)).sortColumn).toBeNull();
  });

  test.each([
    { filter: "double", rows: ["c3"], why: "a word, wherever it stands" },
    { filter: "DOUBLE", rows: ["c3"], why: "in any case" },
    { filter: "drift=absent", rows: ["c2"], why: "a column's value" },
    { filter: "drift!=none", rows: ["c3", "c2"], why: "another value than that" },
    { filter: "declared=s1 c1", rows: ["c1", "c10"], why: "all of them" },
    { filter: "declared=s", rows: [], why: "a value is wanted whole" },
    { filter: "zone=eu", rows: [], why: "what names no column is text" },
  ])("the filter $filter: $why", ({ filter, rows }) => {
    expect(names(keys(front(stateAfter(clusters), "clusters"), ...typing(filter)), "clusters")).toEqual(rows);
  });

  test("a filter is its view's own; enter keeps it, esc clears it", () => {
    const kept = keys(front(stateAfter(clusters, heard(0, upNode(1))), "clusters"), ...typing("double"), {
      kind: "end-prompt",
    });
    expect(kept).toMatchObject({ prompt: null });
    expect(names(kept, "nodes")).toEqual(["n1"]);
    expect(viewHere(kept).filter).toBe("double");
    expect(viewHere(keys(kept, { kind: "back" })).filter).toBe("");
  });

  test("the cursor stays with its row when others come and go, and is the first when it is gone", () => {
    const here = keys(front(stateAfter(clusters), "clusters"), {
      kind: "move",
      by: Number.POSITIVE_INFINITY,
    });
    expect(viewHere(here).cursor).toBe("c10");
    const more = observe(
      here,
      listed("clusters", clustersReply(clusterView("c0"), clusterView("c10"), clusterView("c11"))),
    );
    const list = rowsOf(more, "clusters");
    expect(cursorAt(list, viewHere(more))).toBe(1);
    const gone = observe(here, listed("clusters", clustersReply(clusterView("c0"))));
    expect(cursorAt(rowsOf(gone, "clusters"), viewHere(gone))).toBe(0);
  });

  test("enter opens the row under the cursor, esc goes back to it", () => {
    const open = keys(front(stateAfter(clusters), "clusters"), { kind: "move", by: 1 }, { kind: "open" });
    expect(viewHere(open).open).toBe("c2");
    const back = keys(open, { kind: "move", by: 3 }, { kind: "back" });
    expect(viewHere(back)).toMatchObject({ open: null, cursor: "c2", scroll: 0 });
  });

  test("an open row stays when it changes so that the filter no longer shows it, until it is gone", () => {
    const filtered = keys(front(stateAfter(clusters), "clusters"), ...typing("drift=absent"));
    const open = keys(filtered, { kind: "end-prompt" }, { kind: "open" });
    expect(viewHere(open).open).toBe("c2");
    const settled = observe(open, listed("clusters", clustersReply(clusterView("c2"), clusterView("c1"))));
    const shown = (state: TopState) => frameRows(state, { columns: 80, rows: 24 }, look, false).join("\n");
    expect(shown(settled)).toContain("declared  s1");
    expect(commandHere(settled)).toBe("fleet cluster show c2");
    const gone = observe(settled, listed("clusters", clustersReply(clusterView("c1"))));
    expect(shown(gone)).toContain("c2 is not there any more");
  });

  test("y stands for the command that shows the same, at the same fleet", () => {
    const here = { ...front(stateAfter(clusters), "clusters"), targetWords: "--context prod" };
    expect(commandHere(here)).toBe("fleet cluster show c3 --context prod");
    expect(commandHere(initialTopState(0))).toBe("fleet status");
    const reply = ListDomainsResponse.create({ domains: [{ key: "zone", value: "eu-1a", shardId: "s1" }] });
    const domains = front(
      stateAfter(listed("domains", { ...reply, stamp: undefined, more: false })),
      "domains",
    );
    expect(commandHere(domains)).toBe("fleet domain list --domain-key zone --prefix eu-1a");
  });

  test("while paused the data stands still and keys work", () => {
    const paused = keys(stateAfter(clusters), { kind: "toggle-pause" });
    const later = observe(paused, listed("clusters", clustersReply()));
    expect(names(front(later, "nodes"), "clusters")).toHaveLength(4);
    expect(observe(keys(later, { kind: "toggle-pause" }), tick(9)).nowMs).toBe(9);
  });
});

test("a shard's report goes on ageing while nothing newer is heard", () => {
  const state = stateAfter({ ...listed("shards", shardsReply(shardView("s1"))), atMs: 1000 }, tick(21_000));
  const report = rowsOf(state, "shards").cellsAt(0)[11];
  expect(report).toEqual({ text: "21s ago", mark: "warn" });
});

test("a list that fails keeps what it had, and says why", () => {
  const state = stateAfter(clusters, { kind: "problem", name: "clusters", atMs: 5, message: "no leader" });
  expect(names(state, "clusters")).toHaveLength(4);
  expect(state.problems).toEqual({ clusters: "no leader" });
  expect(observe(state, clusters).problems).toEqual({});
});
