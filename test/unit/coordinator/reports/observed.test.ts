import { expect, test } from "vitest";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { ReportShardRequest, ShardBinding } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

const report = (epoch: number, cycle: number) =>
  ReportShardRequest.fromPartial({ shardId: "s1", epoch, cycle });

test.each([
  { first: [1, 5], next: [1, 6], taken: true, why: "a later cycle" },
  { first: [1, 5], next: [1, 5], taken: false, why: "the same report twice" },
  { first: [1, 5], next: [1, 4], taken: false, why: "an overtaken report" },
  { first: [1, 5], next: [2, 1], taken: true, why: "the shard restarted" },
  { first: [2, 1], next: [1, 9], taken: false, why: "a report of its earlier life" },
] as const)("after $first, $next: $taken, $why", ({ first, next, taken }) => {
  const observed = new Observed();
  observed.take(report(first[0], first[1]), 0);
  expect(observed.take(report(next[0], next[1]), 1)).toBe(taken);
});

test.each([
  { next: [2, 4], outdated: true, why: "an overtaken report" },
  { next: [1, 9], outdated: true, why: "a report of its earlier life" },
  { next: [2, 5], outdated: false, why: "the same report, whose answer was lost" },
  { next: [2, 6], outdated: false, why: "a later cycle" },
] as const)("after [2, 5], $next is outdated: $outdated, $why", ({ next, outdated }) => {
  const observed = new Observed();
  observed.take(report(2, 5), 0);
  expect(observed.isOutdated(report(next[0], next[1]))).toBe(outdated);
});

test("a new leadership knows nothing, rather than zero", () => {
  const observed = new Observed();
  observed.take(report(1, 1), 0);
  observed.forgetAll();
  expect(observed.report("s1")).toBeUndefined();
});

test("a cluster's reports are those of the shards whose newest report names it", () => {
  const observed = new Observed();
  const take = (shardId: string, cycle: number, ...clusters: readonly string[]) => {
    const bindings = clusters.map((clusterId) => ({ clusterId }));
    observed.take(ReportShardRequest.fromPartial({ shardId, epoch: 1, cycle, bindings }), 0);
  };
  const shardsOf = (clusterId: string) => observed.reportsOf(clusterId).map(({ shardId }) => shardId);
  take("s2", 1, "c1", "c2");
  take("s1", 1, "c2", "c3");
  expect(["c1", "c2", "c3"].map(shardsOf)).toEqual([["s2"], ["s1", "s2"], ["s1"]]);
  take("s2", 2, "c2");
  expect(["c1", "c2", "c3"].map(shardsOf)).toEqual([[], ["s1", "s2"], ["s1"]]);
  take("s1", 2, "c1");
  expect(["c1", "c2", "c3"].map(shardsOf)).toEqual([["s1"], ["s2"], []]);
  expect([...observed.clusters()].sort()).toEqual(["c1", "c2"]);
});

test("demand that can't be met is kept packed, and comes back as it was reported", () => {
  const shortfall = {
    clusterId: "c1",
    requirements: { "instance-type": "m5.large" },
    deficit: { machines: 3, gpus: 2 ** 40 },
    priority: 7,
    ageCycles: 12,
    penaltyBucket: "batch",
    sameDomain: true,
  };
  const shortfalls = [
    shortfall,
    { ...shortfall, clusterId: "c2", requirements: {}, deficit: {}, priority: 0 },
  ];
  const observed = new Observed();
  observed.take({ ...report(1, 1), shortfalls }, 0);
  expect(observed.report("s1")?.shortfalls.count).toBe(2);
  expect(observed.report("s1")?.shortfalls.unpack()).toEqual(shortfalls);
  observed.take(report(1, 2), 1);
  expect(observed.report("s1")?.shortfalls.unpack()).toEqual([]);
});

test("all but rows that say what they said is the newer report's", () => {
  const observed = new Observed();
  const bindings = [ShardBinding.fromPartial({ clusterId: "c1", session: true })];
  observed.take({ ...report(1, 1), bindings }, 10);
  const doubleDial = { clusterId: "c1", from: "10.0.0.7:1", count: 2 };
  const newer = ReportShardRequest.fromPartial({
    ...report(1, 2),
    summary: { machinesTotal: 7 },
    doubleDials: [doubleDial],
  });
  observed.take({ ...newer, bindings: [...bindings] }, 20);
  expect(observed.report("s1")).toMatchObject({
    cycle: 2,
    receivedMs: 20,
    sessions: 1,
    summary: { machinesTotal: 7 },
  });
  expect(observed.report("s1")?.doubleDials.get("c1")).toMatchObject({ from: "10.0.0.7:1" });
});

test("rows that say what they said stay; one that says something else replaces all", () => {
  const observed = new Observed();
  const take = (cycle: number, ...bindings: readonly ShardBinding[]) => {
    observed.take({ ...report(1, cycle), bindings: [...bindings] }, cycle);
    return observed.report("s1")?.bindings;
  };
  const row = (clusterId: string, differs: Partial<ShardBinding> = {}) =>
    ShardBinding.fromPartial({ clusterId, version: 1, session: true, ...differs });
  const first = take(1, row("c1"), row("c2"));
  expect(take(2, row("c1"), row("c2"))).toBe(first);
  const changes = [
    [row("c2"), row("c1")],
    [row("c1"), row("c2", { version: 2 })],
    [row("c1"), row("c2", { session: false })],
    [row("c1"), row("c2", { state: BindingState.RELEASED })],
    [row("c1"), row("c3")],
    [row("c3"), row("c3")],
    [row("c1")],
    [row("c1"), row("c2"), row("c3")],
    [],
  ];
  for (const [at, rows] of changes.entries()) {
    const distinct = new Map(rows.map((changed) => [changed.clusterId, changed]));
    expect([...(take(3 + at, ...rows)?.values() ?? [])]).toEqual([...distinct.values()]);
  }
});
