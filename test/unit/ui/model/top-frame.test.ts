import { describe, expect, test } from "vitest";
import { Drift, ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { Segment } from "../../../../src/ui/model/paint.ts";
import { ASCII, UNICODE } from "../../../../src/ui/model/symbols.ts";
import { type Frame, topFrame } from "../../../../src/ui/model/top-frame.ts";
import { sharePanes } from "../../../../src/ui/model/top-layout.ts";
import { initialTopState, observe, type TopState } from "../../../../src/ui/model/top-state.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  shardsReply,
  shardView,
  upNode,
} from "./fixtures.ts";

const many = Array.from({ length: 300 }, (_, at) =>
  clusterView(`cluster-${at}`, at === 7 ? Drift.ELSEWHERE : Drift.NONE),
);
const busy = [
  { kind: "fleet", atMs: 0, reply: fleetReply([upNode(1), upNode(2), downNode(3)]) } as const,
  { kind: "shards", atMs: 0, reply: shardsReply(shardView("s1"), shardView("s2")) } as const,
  { kind: "clusters", atMs: 0, reply: clustersReply(...many) } as const,
].reduce(observe, initialTopState(0));

const text = (line: readonly Segment[]): string => line.map((part) => part.text).join("");
const lines = ({ header, body, footer }: Frame): string[] => [...header, ...body, footer].map(text);

describe("a frame is never larger than the terminal", () => {
  const sizes = [1, 2, 3, 5, 8, 12, 15, 24, 50].flatMap((rows) =>
    [1, 20, 40, 80, 200].map((columns) => ({ rows, columns })),
  );
  test.each(sizes)("$columns x $rows", (size) => {
    const states: TopState[] = [
      busy,
      initialTopState(0),
      { ...busy, help: true },
      { ...busy, typing: true, pane: "bindings" },
    ];
    for (const state of states) {
      const drawn = lines(topFrame(state, size, UNICODE));
      expect(drawn.length).toBeLessThanOrEqual(size.rows);
      expect(new Set(drawn.map((line) => line.length))).toEqual(new Set([size.columns]));
    }
  });
});

test("a leader that has yet to hear its shards is said to", () => {
  const unheard = shardView("s2", { observed: undefined, liveness: ShardLiveness.UNKNOWN });
  const reply = shardsReply(shardView("s1"), unheard);
  const rebuilding = observe(busy, { kind: "shards", atMs: 0, reply });
  const [first] = lines(topFrame(rebuilding, { columns: 200, rows: 24 }, UNICODE));
  expect(first).toContain("observed: unknown (rebuilding)");
  expect(lines(topFrame(busy, { columns: 200, rows: 24 }, UNICODE)).join("\n")).not.toContain("rebuilding");
});

describe("what is on it", () => {
  const drawn = lines(topFrame(busy, { columns: 80, rows: 24 }, UNICODE)).join("\n");
  test.each([
    {
      says: "local · ▲ degraded · leader n1 · term 3 · up 2/3, quorum 2",
      why: "the state of the whole first",
    },
    { says: "commit 120", why: "" },
    { says: "✗ down", why: "a symbol beside the colour" },
    { says: "› 1 nodes 3", why: "which pane is in front" },
    { says: "cluster-7    s1        s1        ✗ elsewhere", why: "drift is first" },
    { says: "of 300", why: "that there is more" },
    { says: "q quit", why: "how to get out" },
  ])("$says: $why", ({ says }) => expect(drawn).toContain(says));

  test("before anything was heard it says that it asks", () => {
    expect(lines(topFrame(initialTopState(0), { columns: 60, rows: 20 }, UNICODE)).join("\n")).toContain(
      "asking",
    );
  });
  test("a failed list is said with the age of what is shown", () => {
    const failed = [
      { kind: "problem", atMs: 3000, message: "no leader answered in time" } as const,
      { kind: "tick", atMs: 4000 } as const,
    ].reduce(observe, busy);
    expect(lines(topFrame(failed, { columns: 80, rows: 24 }, UNICODE)).at(-1)).toContain(
      "no leader answered in time (shown as of 4.0s ago)",
    );
  });
  test("ASCII means ASCII", () => {
    expect(
      lines(topFrame({ ...busy, commitRates: [1, 2] }, { columns: 80, rows: 24 }, ASCII)).join(""),
    ).toMatch(/^[ -~]+$/);
  });
  test("a name with escape codes cannot reach the terminal", () => {
    const hostile = observe(busy, {
      kind: "clusters",
      atMs: 0,
      reply: clustersReply(clusterView("\u001b[2Jc")),
    });
    expect(lines(topFrame(hostile, { columns: 80, rows: 24 }, UNICODE)).join("")).not.toContain("\u001b");
  });
});

describe("sharing rows", () => {
  test.each([
    {
      available: 20,
      counts: { nodes: 3, shards: 2, bindings: 300 },
      heights: [5, 4, 11],
      why: "the focused one takes the rest",
    },
    {
      available: 15,
      counts: { nodes: 3, shards: 2, bindings: 300 },
      heights: [5, 4, 6],
      why: "just enough for all",
    },
    {
      available: 14,
      counts: { nodes: 3, shards: 2, bindings: 300 },
      heights: [14],
      why: "too low for three: the focused one alone",
    },
    {
      available: 40,
      counts: { nodes: 90, shards: 90, bindings: 1 },
      heights: [30, 7, 3],
      why: "what the focused one does not need goes to the others",
    },
  ])("$available rows: $why", ({ available, counts, heights }) => {
    expect(sharePanes(available, "bindings", counts).map((share) => share.height)).toEqual(heights);
  });
});
