import { describe, expect, test } from "vitest";
import { Drift } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { Action } from "../../../../src/ui/model/keys.ts";
import { act } from "../../../../src/ui/model/top-actions.ts";
import { paneRows } from "../../../../src/ui/model/top-rows.ts";
import {
  type DataEvent,
  initialTopState,
  observe,
  RATE_SAMPLES_MAX,
  type TopState,
} from "../../../../src/ui/model/top-state.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  shardsReply,
  shardView,
  upNode,
} from "./fixtures.ts";

type Tick = { readonly kind: "tick"; readonly atMs: number };

const stateAfter = (...events: (DataEvent | Tick)[]): TopState => events.reduce(observe, initialTopState(0));
const keys = (state: TopState, ...actions: Action[]): TopState => actions.reduce(act, state);
const heard = (atMs: number, ...nodes: Parameters<typeof fleetReply>[0]): DataEvent => ({
  kind: "fleet",
  atMs,
  reply: fleetReply(nodes.map((node) => ({ ...node, observedAtMs: atMs }))),
});
const commitAt = (atMs: number, commitIndex: number): DataEvent => heard(atMs, upNode(1, { commitIndex }));
const clusters: DataEvent = {
  kind: "clusters",
  atMs: 0,
  reply: clustersReply(clusterView("a"), clusterView("b", Drift.ABSENT), clusterView("c", Drift.DOUBLE)),
};
const names = (state: TopState, pane: "nodes" | "shards" | "bindings") =>
  paneRows(state, pane).map((row) => row.name);

describe("nodes", () => {
  const state = stateAfter(heard(1000, upNode(1), upNode(2)), heard(5000, upNode(1), downNode(2)), {
    kind: "tick",
    atMs: 5000,
  });

  test("a silent node keeps what it last said, and shows since when it is silent", () => {
    const [, silent] = paneRows(state, "nodes");
    expect(silent?.stale).toBe(true);
    expect(silent?.cells.slice(0, 5)).toEqual(["n2", { text: "down 4.0s", mark: "bad" }, null, 3, 120]);
  });
  test("a node that never answered has no age", () => {
    const [row] = paneRows(stateAfter(heard(0, downNode(1))), "nodes");
    expect(row?.cells[1]).toEqual({ text: "down", mark: "bad" });
  });
  test("a node that was not heard yet is not called down", () => {
    const unheard = { ...downNode(1), error: null };
    const [row] = paneRows(stateAfter(heard(0, unheard)), "nodes");
    expect(row?.cells[1]).toEqual({ text: "asking", mark: "unknown" });
  });
  test("an old answer that comes along with another node's new one stays old", () => {
    const old = upNode(2);
    const sights = stateAfter(heard(1000, upNode(1), old), heard(5000, upNode(1), old)).nodes;
    expect(sights.map(({ lastGood }) => lastGood?.atMs)).toEqual([5000, 1000]);
  });
  test("when nobody answers, members known before are still listed, as down", () => {
    const alone = stateAfter(heard(0, upNode(1), upNode(2), upNode(3)), heard(1000, downNode(1)));
    expect(paneRows(alone, "nodes").map((row) => row.stale)).toEqual([true, true, true]);
  });
  test("a member that was removed disappears once the others say so", () => {
    expect(names(stateAfter(heard(0, upNode(1), upNode(3)), heard(1000, upNode(1))), "nodes")).toEqual([
      "n1",
    ]);
  });
});

describe("commit rate", () => {
  test("entries a second, measured from tick to tick", () => {
    const state = stateAfter(commitAt(0, 100), { kind: "tick", atMs: 1000 }, commitAt(2900, 150), {
      kind: "tick",
      atMs: 3000,
    });
    expect(state.commitRates).toEqual([25]);
  });
  test("ticks within a second make no sample", () => {
    expect(
      stateAfter(commitAt(0, 1), { kind: "tick", atMs: 1 }, { kind: "tick", atMs: 900 }).commitRates,
    ).toEqual([]);
  });
  test("survivors that know less than the dead leader give no negative rate", () => {
    const events = [commitAt(0, 100), tick(1000), heard(1500, upNode(1, { commitIndex: 90 })), tick(2000)];
    expect(stateAfter(...events).commitRates).toEqual([0]);
  });
  test("only so many samples are kept", () => {
    const events = Array.from({ length: RATE_SAMPLES_MAX + 10 }, (_, second) => tick(1000 * second));
    expect(stateAfter(commitAt(0, 5), ...events).commitRates).toHaveLength(RATE_SAMPLES_MAX);
  });
});

describe("keys", () => {
  test.each<{ actions: Action[]; part: Partial<TopState>; why: string }>([
    { actions: [{ kind: "quit" }], part: { running: "quit" }, why: "" },
    {
      actions: [{ kind: "interrupt" }],
      part: { running: "interrupted" },
      why: "the exit code differs from q",
    },
    { actions: [{ kind: "turn-pane", by: -1 }], part: { pane: "bindings" }, why: "panes go round" },
    { actions: [{ kind: "show-pane", pane: "shards" }], part: { pane: "shards" }, why: "" },
    {
      actions: [{ kind: "toggle-drift-only" }],
      part: { driftOnly: true, pane: "bindings" },
      why: "drift is about bindings",
    },
    { actions: [{ kind: "toggle-help" }, { kind: "clear" }], part: { help: false }, why: "esc leaves help" },
    {
      actions: [
        { kind: "begin-filter" },
        { kind: "type", text: "ab" },
        { kind: "erase" },
        { kind: "end-filter" },
      ],
      part: { filter: "a", typing: false },
      why: "enter keeps the filter",
    },
    {
      actions: [{ kind: "begin-filter" }, { kind: "type", text: "a" }, { kind: "clear" }],
      part: { filter: "", typing: false },
      why: "esc drops it",
    },
  ])("$actions: $why", ({ actions, part }) =>
    expect(keys(stateAfter(clusters), ...actions)).toMatchObject(part),
  );

  test("bindings with drift come first, d leaves only them", () => {
    expect(names(stateAfter(clusters), "bindings")).toEqual(["c", "b", "a"]);
    expect(names(keys(stateAfter(clusters), { kind: "toggle-drift-only" }), "bindings")).toEqual(["c", "b"]);
  });
  test("s goes through the columns and back to the pane's own order, r reverses", () => {
    const front = keys(stateAfter(clusters), { kind: "show-pane", pane: "bindings" });
    expect(names(keys(front, { kind: "next-sort" }), "bindings")).toEqual(["a", "b", "c"]);
    expect(names(keys(front, { kind: "next-sort" }, { kind: "reverse-sort" }), "bindings")).toEqual([
      "c",
      "b",
      "a",
    ]);
    const round = Array.from({ length: 6 }, (): Action => ({ kind: "next-sort" }));
    expect(keys(front, ...round).panes.bindings.sortColumn).toBeNull();
  });
  test("the cursor stays on a row when a filter takes rows away", () => {
    const bottom = keys(
      stateAfter(clusters),
      { kind: "show-pane", pane: "bindings" },
      { kind: "move", by: Number.POSITIVE_INFINITY },
    );
    expect(bottom.panes.bindings.cursor).toBe(2);
    expect(keys(bottom, { kind: "type", text: "double" }).panes.bindings.cursor).toBe(0);
  });
  test("a filter looks at what is shown, in the pane in front only", () => {
    const filtered = keys(
      stateAfter(clusters, heard(0, upNode(1))),
      { kind: "show-pane", pane: "bindings" },
      { kind: "type", text: "DOUBLE" },
    );
    expect(names(filtered, "bindings")).toEqual(["c"]);
    expect(names(filtered, "nodes")).toEqual(["n1"]);
  });
  test("while paused the data stands still and keys work", () => {
    const paused = keys(stateAfter(clusters), { kind: "toggle-pause" });
    const later = observe(paused, { kind: "clusters", atMs: 9, reply: clustersReply() });
    expect(names(keys(later, { kind: "show-pane", pane: "nodes" }), "bindings")).toEqual(["c", "b", "a"]);
    expect(observe(keys(later, { kind: "toggle-pause" }), { kind: "tick", atMs: 9 }).nowMs).toBe(9);
  });
});

test("a shard's report goes on ageing while nothing newer is heard", () => {
  const state = stateAfter(
    { kind: "shards", atMs: 1000, reply: shardsReply(shardView("s1")) },
    { kind: "tick", atMs: 21_000 },
  );
  expect(paneRows(state, "shards")[0]?.cells.at(-1)).toEqual({ text: "21s ago", mark: "warn" });
});

function tick(atMs: number): Tick {
  return { kind: "tick", atMs };
}
