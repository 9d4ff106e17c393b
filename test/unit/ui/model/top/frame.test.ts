import { describe, expect, test } from "vitest";
import { Vitals } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, ReignEnd, ShardLiveness } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { Segment } from "../../../../../src/ui/model/paint.ts";
import { ASCII, UNICODE } from "../../../../../src/ui/model/symbols.ts";
import { act } from "../../../../../src/ui/model/top/actions.ts";
import { type Frame, topFrame } from "../../../../../src/ui/model/top/frame.ts";
import type { Action } from "../../../../../src/ui/model/top/keys.ts";
import { observe } from "../../../../../src/ui/model/top/observe.ts";
import { initialTopState, type TopState } from "../../../../../src/ui/model/top/state.ts";
import { listsFor, VIEWS } from "../../../../../src/ui/model/top/views.ts";
import {
  auditReply,
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  lateSight,
  listed,
  shardsReply,
  shardView,
  shortfallOfC1,
  upNode,
} from "../fixtures.ts";

const many = Array.from({ length: 300 }, (_, at) =>
  clusterView(`cluster-${at}`, at === 7 ? Drift.ELSEWHERE : Drift.NONE),
);
const reigns: Vitals["reigns"] = [
  { leaderId: 2, term: 2, fromAgeMs: 300_000, untilAgeMs: 120_000, ended: ReignEnd.SILENT },
  { leaderId: 1, term: 3, fromAgeMs: 60_000, untilAgeMs: undefined, ended: ReignEnd.UNSPECIFIED },
];
const vitals = Vitals.fromPartial({ reigns });
const tolerance = { voters: 3, following: 2, canLose: 0 };
const tick = (atMs: number) => ({ kind: "tick", atMs, wallMs: 1_700_000_200_000 + atMs }) as const;
const busy = [
  {
    kind: "fleet",
    atMs: 0,
    reply: fleetReply([upNode(1, { vitals }), upNode(2), downNode(3)], { tolerance }),
  } as const,
  listed("shards", shardsReply(shardView("s1"), shardView("s2"))),
  listed("clusters", clustersReply(...many)),
  listed(
    "audit",
    auditReply({
      index: 9,
      what: "bind cluster cluster-7 to shard s1",
      actor: "fleet://admin",
      atMs: 1_700_000_100_000,
    }),
  ),
  tick(0),
].reduce(observe, initialTopState(0));

const text = (line: readonly Segment[]): string => line.map((part) => part.text).join("");
const lines = ({ header, body, footer }: Frame): string[] => [...header, ...body, footer].map(text);
const keys = (state: TopState, ...actions: Action[]): TopState => actions.reduce(act, state);
const drawn = (state: TopState, columns = 80, rows = 24) =>
  lines(topFrame(state, { columns, rows }, UNICODE));

describe("a frame is never larger than the terminal", () => {
  const sizes = [1, 2, 3, 5, 8, 12, 15, 24, 50, 80].flatMap((rows) =>
    [1, 20, 40, 60, 80, 120, 250].map((columns) => ({ rows, columns })),
  );
  test.each(sizes)("$columns x $rows", ({ columns, rows }) => {
    const typing = keys(
      busy,
      { kind: "show-view", view: "clusters" },
      { kind: "begin-filter" },
      { kind: "type", text: "x" },
    );
    const states = [
      ...[busy, initialTopState(0), { ...busy, help: true }, typing, keys(busy, { kind: "begin-command" })],
      ...VIEWS.map((view) => keys(busy, { kind: "show-view", view })),
      ...VIEWS.map((view) => keys(busy, { kind: "show-view", view }, { kind: "open" })),
    ];
    for (const symbols of [UNICODE, ASCII]) {
      for (const state of states) {
        const frame = lines(topFrame(state, { columns, rows }, symbols));
        expect(frame.length).toBeLessThanOrEqual(rows);
        expect(new Set(frame.map((line) => line.length))).toEqual(new Set([columns]));
      }
    }
  });
});

describe("the overview", () => {
  const overview = drawn(busy).join("\n");
  test.each([
    {
      says: "local · ▲ degraded · leader n1 · term 3 · up 2/3, quorum 2 · can lose none",
      why: "the whole, first",
    },
    { says: "✗ n3 (127.0.0.1:7003) is down: connection refused", why: "what is wrong, with a symbol" },
    {
      says: "✗ of 300 clusters, 1 served elsewhere: see fleet cluster list --drift",
      why: "of what is coordinated too",
    },
    { says: "n2━━", why: "who led, by name where a reign begins" },
    { says: "▒╳╳╳", why: "a time without a leader" },
    { says: "✗ down", why: "the nodes" },
    { says: "● 2 alive", why: "shards by liveness" },
    { says: "● 299 as declared   ✗ 1 elsewhere", why: "clusters by drift" },
    { says: "1m40s · bind cluster cluster-7 to shard s1 (admin)", why: "the newest events" },
    { says: "q quit", why: "how to get out" },
  ])("$says: $why", ({ says }) =>
    expect(drawn(busy, 110, 40).join("\n").includes(says) || overview.includes(says)).toBe(true),
  );

  test("before anything was heard it says that it asks", () => {
    expect(drawn(initialTopState(0), 60, 20).join("\n")).toContain("asking");
  });

  test("old lists say how old", () => {
    const later = observe(busy, tick(40_000));
    expect(drawn(later).join("\n")).toContain("● 2 alive     as of 40s ago");
  });

  test("nodes that name different leaders are quoted", () => {
    const nodes = [upNode(1), upNode(2, { leaderId: 2, term: 4 })];
    const disputed = observe(busy, {
      kind: "fleet",
      atMs: 0,
      reply: fleetReply(nodes, { agreed: false, leader: null }),
    });
    expect(drawn(disputed, 120).join("\n")).toContain(
      "nodes disagree about the leader: n1 says n1 (term 3), n2 says n2 (term 4)",
    );
  });
});

describe("a view", () => {
  const clusters = keys(busy, { kind: "show-view", view: "clusters" });

  test("says what it shows, which row, and puts drift first", () => {
    const frame = drawn(clusters);
    expect(frame[2]).toMatch(/^ {2}clusters 300 {2}row 1 /);
    expect(frame[4]).toContain("› cluster-7   s1        s1        ✗ elsewhere");
  });

  test("shows columns of the wide form where there is room", () => {
    expect(drawn(clusters, 60).join("\n")).not.toContain("VERSION");
    expect(drawn(clusters, 140).join("\n")).toContain("VERSION");
  });

  test("windows the rows around the cursor", () => {
    const last = drawn(keys(clusters, { kind: "move", by: Number.POSITIVE_INFINITY }));
    expect(last.at(-2)).toContain("› cluster-299");
    expect(last[2]).toContain("row 300");
  });

  test("that nothing matches says how to get out of that", () => {
    const filtered = keys(clusters, { kind: "begin-filter" }, { kind: "type", text: "zzz" });
    expect(drawn(filtered).join("\n")).toContain('nothing matches "zzz": esc clears it');
  });

  test("says of a list that failed why, and how old what is shown is", () => {
    const failed = [
      { kind: "problem", name: "clusters", atMs: 1, message: "no leader answered in time" } as const,
      tick(4000),
    ];
    const frame = drawn(failed.reduce(observe, clusters));
    expect(frame[2]).toContain("as of 4.0s ago  no leader answered in time");
    expect(frame.at(-1)).toContain("no leader answered in time");
  });

  test("opens a row with everything that is known of it", () => {
    const open = drawn(keys(clusters, { kind: "open" }), 90, 30).join("\n");
    for (const says of [
      "clusters › cluster-7",
      "declared",
      "✗ elsewhere",
      "seen at s1",
      "its shard s1",
      "in the audit log lately",
    ])
      expect(open).toContain(says);
  });

  test("an open cluster has the facts of fleet cluster show", () => {
    const cluster = clusterView("c1", Drift.ELSEWHERE, { observed: [lateSight("s1")] });
    const state = [
      listed("clusters", clustersReply(cluster)),
      listed("shards", shardsReply(shardView("s1", { liveness: ShardLiveness.DEAD }))),
      listed("shortfalls", {
        stamp: undefined,
        shortfalls: [shortfallOfC1()],
        observedComplete: true,
        more: false,
      }),
      listed(
        "audit",
        auditReply({
          index: 3,
          what: "bind cluster c1 to shard s1",
          operation: "bindCluster",
          metadata: { cluster: "c1" },
          actor: "fleet://admin",
          reason: "new rack",
        }),
      ),
    ].reduce(observe, keys(busy, { kind: "show-view", view: "clusters" }));
    const open = drawn(keys(state, { kind: "open" }), 120, 44).join("\n");
    for (const says of [
      /report +1m30s ago, silent since/,
      /its shard s1/,
      /state +● active/,
      /liveness +✗ dead/,
      /s1 lacks cpu=4 for it on machines with zone=z1, for 3 cycles, priority 9/,
      /bind cluster c1 to shard s1 \(fleet:\/\/admin\): new rack/,
    ])
      expect(open).toMatch(says);
  });

  test("demand is asked for with the clusters: an open one shows it", () => {
    expect(listsFor("clusters")).toContain("shortfalls");
  });

  test("an open row that is gone says so", () => {
    const open = keys(clusters, { kind: "open" });
    const gone = observe(open, listed("clusters", clustersReply(clusterView("other"))));
    expect(drawn(gone).join("\n")).toContain("cluster-7 is not there any more");
  });
});

test("ASCII means ASCII", () => {
  for (const view of VIEWS) {
    const state = observe(keys(busy, { kind: "show-view", view }), tick(5000));
    expect(lines(topFrame(state, { columns: 130, rows: 40 }, ASCII)).join("")).toMatch(/^[ -~]+$/);
  }
});

test("a name with escape codes cannot reach the terminal", () => {
  const name = "\u001b[2Jc";
  const hostile = observe(busy, listed("clusters", clustersReply(clusterView(name, Drift.DOUBLE))));
  const clusters = keys(hostile, { kind: "show-view", view: "clusters" });
  for (const state of [hostile, clusters, keys(clusters, { kind: "open" })]) {
    expect(drawn(state).join("")).not.toContain("\u001b");
  }
});
