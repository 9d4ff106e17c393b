import { describe, expect, test } from "vitest";
import { ShardObserved, Vitals } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { clusterLines, onlyDrifting } from "../../../../src/ui/model/cluster-report.ts";
import type { Cell, Table } from "../../../../src/ui/model/table.ts";
import { clusterTable } from "../../../../src/ui/model/tables/cluster-table.ts";
import { nodeTable } from "../../../../src/ui/model/tables/node-table.ts";
import { shardTable } from "../../../../src/ui/model/tables/shard-table.ts";
import { driftWord, roleWord } from "../../../../src/ui/model/words.ts";
import { clustersReply, clusterView, downNode, shardView, upNode } from "./fixtures.ts";

function cell<Row>(table: Table<Row>, row: Row, name: string): Cell | undefined {
  return table.columns.find((column) => column.name === name)?.value(row);
}

const GIB = 2 ** 30;
const roomy = Vitals.fromPartial({ diskRoom: { freeBytes: 78 * GIB, totalBytes: 250 * GIB } });

describe("nodes", () => {
  test.each([
    {
      node: upNode(1),
      name: "state",
      shown: { text: "up", mark: "good" },
      why: "it answers and knows a leader",
    },
    { node: upNode(1), name: "role", shown: "leader", why: "" },
    {
      node: upNode(2, { leaderId: 0 }),
      name: "state",
      shown: { text: "no leader", mark: "warn" },
      why: "up is not well",
    },
    {
      node: upNode(2, { diskFull: true }),
      name: "state",
      shown: { text: "disk full", mark: "bad" },
      why: "it answers, and yet it takes no writes",
    },
    { node: downNode(3), name: "state", shown: { text: "down", mark: "bad" }, why: "never as healthy" },
    { node: downNode(3), name: "commit", shown: null, why: "an old value would make it look alive" },
    { node: downNode(3), name: "error", shown: "connection refused", why: "-o wide says why" },
    { node: upNode(1), name: "hash", shown: "abcdef01", why: "enough to compare by eye" },
    { node: upNode(1), name: "rtt", shown: "2.0ms", why: "" },
    {
      node: upNode(1, { vitals: roomy }),
      name: "free",
      shown: { text: "78.0 GiB (31%)", mark: "good" },
      why: "as its own node says it",
    },
    {
      node: upNode(1),
      name: "free",
      shown: { text: "n/a", mark: "unknown" },
      why: "a build from before the field",
    },
    { node: downNode(3), name: "free", shown: null, why: "it says nothing now" },
    { node: upNode(1), name: "uptime", shown: "1m01s", why: "" },
  ])("$node.name $name: $why", ({ node, name, shown }) => expect(cell(nodeTable, node, name)).toEqual(shown));
});

describe("shards", () => {
  const silent = shardView("s2", { observed: undefined });
  const rebuilding = shardView("s2", { observed: undefined, liveness: ShardLiveness.UNKNOWN });
  const aged = (ageMs: number, lateAfterMs: number) =>
    shardView("s3", { observed: ShardObserved.fromPartial({ ageMs, lateAfterMs, boundClusters: 1 }) });
  const disobeying = shardView("s1", { observed: ShardObserved.fromPartial({ ageMs: 1_000, newerTerm: 9 }) });
  test.each([
    { shard: shardView("s1"), name: "sessions", shown: 4, why: "as reported" },
    { shard: silent, name: "sessions", shown: null, why: "not heard of is not zero" },
    {
      shard: silent,
      name: "report",
      shown: { text: "none yet", mark: "unknown" },
      why: "a new leader has heard nobody",
    },
    {
      shard: rebuilding,
      name: "report",
      shown: { text: "unknown (rebuilding)", mark: "unknown" },
      why: "the leader is too new to have heard it",
    },
    {
      shard: aged(20_000, 15_000),
      name: "report",
      shown: { text: "20s ago", mark: "warn" },
      why: "its leader expects reports more often",
    },
    {
      shard: aged(20_000, 30_000),
      name: "report",
      shown: { text: "20s ago", mark: "good" },
      why: "its leader does not",
    },
    {
      shard: disobeying,
      name: "report",
      shown: { text: "1.0s ago, disobeys", mark: "bad" },
      why: "it has obeyed a newer term than the leader's",
    },
  ])("$name: $why", ({ shard, name, shown }) => expect(cell(shardTable, shard, name)).toEqual(shown));
});

describe("clusters", () => {
  const migrating = clusterView("c1", Drift.MIGRATING);
  const declared = migrating.declared && {
    ...migrating.declared,
    migration: { migrationId: "m1", fromShard: "s1" },
  };
  const second = { clusterId: "c1", from: "h:1", count: 2, firstAgeMs: 900, lastAgeMs: 100 };
  const both = [
    { shardId: "s1", session: true, bound: true, ageMs: 1, doubleDial: undefined, late: false },
    { shardId: "s2", session: false, bound: true, ageMs: 1, doubleDial: undefined, late: false },
  ];
  test.each([
    {
      view: clusterView("c1", Drift.DOUBLE),
      name: "drift",
      shown: { text: "double", mark: "bad" },
      why: "two serve it",
    },
    {
      view: clusterView("c1", 99 as Drift),
      name: "drift",
      shown: { text: "unknown", mark: "unknown" },
      why: "a newer server's word",
    },
    { view: { ...migrating, declared }, name: "migration", shown: "m1 from s1", why: "" },
    {
      view: clusterView("c1", Drift.NONE, { observed: both }),
      name: "observed",
      shown: "s1 s2(no session)",
      why: "bound without a session serves nobody",
    },
    {
      view: clusterView("c1", Drift.UNKNOWN, {
        observed: both.map((row) => ({ ...row, late: true, ageMs: 41_000 })),
      }),
      name: "observed",
      shown: "s1(silent for 41s) s2(silent for 41s)",
      why: "whoever died still looked as if it served the cluster",
    },
    {
      view: clusterView("c1", Drift.DOUBLE, {
        observed: both.map((row) => ({ ...row, doubleDial: second })),
      }),
      name: "observed",
      shown: "s1(refuses a second agent at h:1) s2(no session)",
      why: "where to look for the one that should not be there",
    },
    {
      view: clusterView("c1", Drift.ELSEWHERE, { declared: undefined }),
      name: "declared",
      shown: null,
      why: "seen but never declared",
    },
  ])("$name: $why", ({ view, name, shown }) => expect(cell(clusterTable, view, name)).toEqual(shown));

  const reply = clustersReply(
    clusterView("a", Drift.UNKNOWN),
    clusterView("b", Drift.ABSENT),
    clusterView("c", Drift.DOUBLE),
    clusterView("d", Drift.NONE),
    clusterView("e", Drift.ABSENT),
  );
  test("drift lists what differs, the worst first; not knowing is no drift", () => {
    expect(onlyDrifting(reply).clusters.map((view) => view.clusterId)).toEqual(["c", "b", "e"]);
  });
  test("the summary counts each kind", () => {
    expect(clusterLines(reply)).toEqual([{ text: "drift: 1 double, 2 absent, 1 unknown", mark: "warn" }]);
  });
  test("an incomplete observation is said", () => {
    const lines = clusterLines({ ...clustersReply(), observedComplete: false });
    expect(lines.map((line) => line.text).join()).toContain("has not heard every shard yet");
    expect(lines.map((line) => line.text).join()).toContain("unknown (rebuilding)");
  });
});

test("words of the wire are the generated ones", () => {
  expect([roleWord(4), roleWord(2), roleWord(77)]).toEqual(["leader", "pre-candidate", "unknown"]);
  expect(Object.entries(Drift).map(([name, value]) => [name, driftWord(value)])).toEqual([
    ["UNSPECIFIED", "unknown"],
    ["NONE", "none"],
    ["ELSEWHERE", "elsewhere"],
    ["DOUBLE", "double"],
    ["ABSENT", "absent"],
    ["UNKNOWN", "unknown"],
    ["MIGRATING", "migrating"],
    ["UNRECOGNIZED", "unknown"],
  ]);
});
