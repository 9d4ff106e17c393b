// A shard's report at a leader, from the request to what is left of it.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { shardsList } from "../../../../src/core/coordinator/services/lists/lists.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { clusterView } from "../../../../src/core/coordinator/services/views.ts";
import { type Operation, ShardState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  type ListFilter,
  ListRequest,
  ReportShardRequest,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState, Drift } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { member } from "../../fleet/replica.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, asItComes, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
});
afterEach(() => group.close());

const declaredVersion = () => context.machine.view.tables.bindings.get("c1")?.version ?? 0;

/** As a shard says it that has obeyed the answer to its first one. */
const request = (shardId: string, cycle: number) =>
  ReportShardRequest.fromPartial({
    ...{ shardId, address: `${shardId}:1`, epoch: 1, cycle },
    bindings: [
      {
        clusterId: "c1",
        state: BindingState.BOUND,
        version: cycle > 1 ? declaredVersion() : 0,
        session: cycle > 1,
      },
    ],
    shortfalls: [{ clusterId: "c1", deficit: { machines: 2 } }],
  });

const callerAs = (shardId: string) => ({
  identity: { kind: "shard", id: shardId } as const,
  deadline: group.nowMs + 5_000,
});

const report = (asked: ReportShardRequest) =>
  group.until(reportShard(context, asItComes(asked), callerAs(asked.shardId)));

const refused = (asked: ReportShardRequest, as = asked.shardId) =>
  refusalOf(group, reportShard(context, asItComes(asked), callerAs(as)));

test("what was reported is kept and answered, and its request stays as it came", async () => {
  await report(request("s1", 1));
  const late = request("s2", 1);
  const asItCame = structuredClone(late);
  const answer = await report(late);
  expect(answer.instructions).toMatchObject([{ clusterId: "c1", action: { $case: "release" } }]);
  expect(context.observed.report("s2")?.bindings.get("c1")?.state).toBe(BindingState.BOUND);
  expect(context.observed.report("s2")?.shortfalls.unpack()).toMatchObject([{ deficit: { machines: 2 } }]);
  expect(late).toEqual(asItCame);
});

test("an answer names the replicas of the command line, and then the members that were not removed", async () => {
  expect((await report(request("s1", 1))).coordinators).toEqual(context.replicas.map((each) => each.address));
  for (const id of [1, 2]) await group.propose(leader, { kind: member(id) });
  await group.propose(leader, { kind: { $case: "removeMember", value: { nodeId: 1 } } });
  const { coordinators } = await report(request("s1", 2));
  expect(coordinators).toEqual([context.machine.view.tables.members.get(2)?.address]);
});

test("of a report that is refused nothing is kept, and its request stays as it came", async () => {
  const strange = request("s1", 1);
  const asItCame = structuredClone(strange);
  expect(await refused(strange, "s2")).toBe("PERMISSION_DENIED");
  expect(context.observed.report("s1")).toBeUndefined();
  expect(strange).toEqual(asItCame);
});

test("nothing of a report that comes late is followed, and its shard is not told that it arrived", async () => {
  const first = { shardId: "s1", address: "s1:1", epoch: 6 };
  await report(ReportShardRequest.fromPartial({ ...first, cycle: 10, region: "eu" }));
  const { appliedIndex } = context.driver;
  const bindings = [{ clusterId: "late1", state: BindingState.BOUND, session: true }];
  for (const older of [{ cycle: 4 }, { epoch: 5, cycle: 11 }]) {
    const late = ReportShardRequest.fromPartial({ ...first, ...older, region: "us", bindings });
    expect(await refused(late)).toBe("REPORT_OUTDATED");
  }
  const { tables } = context.machine.view;
  expect(tables.shards.get("s1")?.region).toBe("eu");
  expect(tables.bindings.get("late1")).toBeUndefined();
  expect(context.driver.appliedIndex, "nothing was proposed").toBe(appliedIndex);
});

test("a report whose answer was lost is answered again when the shard repeats it", async () => {
  await report(request("s1", 1));
  await report(request("s2", 1));
  expect((await report(request("s2", 1))).instructions).toMatchObject([{ action: { $case: "release" } }]);
});

test("what a report would still write is left undone once a newer one has come", async () => {
  const place = { shardId: "s1", address: "s1:1", epoch: 6 };
  const bindings = [{ clusterId: "late1", state: BindingState.BOUND, session: true }];
  const late = refused(ReportShardRequest.fromPartial({ ...place, cycle: 4, bindings }));
  const newer = report(ReportShardRequest.fromPartial({ ...place, cycle: 5 }));
  expect(await late).toBe("REPORT_OUTDATED");
  await newer;
  expect(context.machine.view.tables.bindings.get("late1")).toBeUndefined();
});

const change = (kind: Operation["kind"]) => group.propose(leader, { kind });

test("what a removed shard still serves is shown, though the shard is told that it was removed", async () => {
  await report(request("s1", 2));
  await change({ $case: "removeShard", value: { shardId: "s1", force: true } });
  const { appliedIndex } = context.driver;
  const { observed, liveness } = context;
  const drift = () =>
    clusterView("c1", undefined, { observed, liveness, nowMs: context.clock.monotonicMs() }).drift;
  for (const [epoch, cycle] of [
    [1, 3],
    [2, 1],
    [2, 2],
  ] as const) {
    expect(await refused({ ...request("s1", cycle), epoch })).toBe("SHARD_REMOVED");
    expect(observed.report("s1")).toMatchObject({ epoch, cycle });
    expect(drift()).toBe(Drift.ELSEWHERE);
  }
  observed.forgetAll();
  expect(await refused({ ...request("s1", 2), epoch: 3 })).toBe("SHARD_REMOVED");
  expect(drift()).toBe(Drift.ELSEWHERE);
  expect(context.driver.appliedIndex, "nothing was proposed").toBe(appliedIndex);
});

test("a removed shard that reports nothing has left: one entry, and lists leave it out unless asked", async () => {
  const nothing = (cycle: number) =>
    ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 2, cycle, bindings: [] });
  await report(request("s1", 2));
  await change({ $case: "raiseClusterVersion", value: { version: 2, announced: [] } });
  await change({ $case: "removeShard", value: { shardId: "s1", force: true } });
  const shards = async (filter: Partial<ListFilter> = {}) => {
    const listed = shardsList(context, ListRequest.fromPartial({ filter }), adminOf(group));
    return (await group.until(listed)).shards.map(({ shard }) => shard?.shardId);
  };
  expect(await shards()).toContain("s1");
  expect(await refused(nothing(1))).toBe("SHARD_REMOVED");
  const { appliedIndex } = context.driver;
  expect(await refused(nothing(2))).toBe("SHARD_REMOVED");
  expect(context.driver.appliedIndex, "it is known").toBe(appliedIndex);
  expect(await shards()).not.toContain("s1");
  expect(await shards({ prefix: "s1" })).toEqual(["s1"]);
  expect(await shards({ shardState: ShardState.REMOVED })).toEqual(["s1"]);
  // Its disk of before was restored.
  expect(await refused({ ...request("s1", 3), epoch: 2 })).toBe("SHARD_REMOVED");
  expect(await shards()).toContain("s1");
  expect(await refused(nothing(4))).toBe("SHARD_REMOVED");
  expect(await shards()).not.toContain("s1");
});

test("a removed shard that still holds a topology domain has not left", async () => {
  await report(request("s1", 2));
  await change({ $case: "raiseClusterVersion", value: { version: 2, announced: [] } });
  await change({ $case: "removeShard", value: { shardId: "s1", force: true } });
  const { appliedIndex } = context.driver;
  const heldDomains = { domains: [{ key: "rack", value: "r1", version: 1 }] };
  const holding = { shardId: "s1", address: "s1:1", epoch: 2, cycle: 1, heldDomains };
  expect(await refused(ReportShardRequest.fromPartial(holding))).toBe("SHARD_REMOVED");
  expect(context.driver.appliedIndex, "nothing was proposed").toBe(appliedIndex);
  expect(context.observed.report("s1")?.holdings).toBe(1);
});

test("a report of an earlier life is no news, also to a leader that has not heard the shard yet", async () => {
  await report({ ...request("s1", 2), epoch: 5 });
  context.observed.forgetAll();
  const { appliedIndex } = context.driver;
  expect(await refused({ ...request("s1", 9), epoch: 4 })).toBe("EPOCH_STALE");
  expect(context.observed.report("s1")).toBeUndefined();
  expect(context.driver.appliedIndex, "nothing was proposed").toBe(appliedIndex);
});

test("a shard that is being drained declares nothing, and writes nothing to the log by that", async () => {
  await report(ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 1, cycle: 1 }));
  await change({ $case: "drainShard", value: { shardId: "s1" } });
  const { appliedIndex } = context.driver;
  await report(request("s1", 2));
  await report(request("s1", 3));
  expect(context.observed.report("s1")?.cycle).toBe(3);
  expect(context.driver.appliedIndex).toBe(appliedIndex);
  await change({ $case: "activateShard", value: { shardId: "s1" } });
  await report(request("s1", 4));
  expect(context.machine.view.tables.bindings.get("c1")?.shardId).toBe("s1");
});

test("a shard hears that it drains, and then which clusters are its own that it does not report", async () => {
  await report(request("s1", 1));
  expect(await report(request("s1", 3))).toMatchObject({ draining: false, instructions: [] });
  await change({ $case: "drainShard", value: { shardId: "s1" } });
  expect(await report(request("s1", 4))).toMatchObject({ draining: true, instructions: [] });
  // Its disk was lost: it must take its clusters back.
  const blank = ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 2, cycle: 1 });
  const accept = { clusterId: "c1", version: declaredVersion(), action: { $case: "accept" } };
  expect(await report(blank)).toMatchObject({ draining: true, instructions: [accept] });
});

test("what no cluster can be called is not declared either", async () => {
  const bindings = [{ clusterId: "no name", state: BindingState.BOUND }];
  const place = { shardId: "s1", address: "s1:1", epoch: 1 };
  await report(ReportShardRequest.fromPartial({ ...place, cycle: 1, bindings }));
  const { appliedIndex } = context.driver;
  await report(ReportShardRequest.fromPartial({ ...place, cycle: 2, bindings }));
  expect(context.driver.appliedIndex).toBe(appliedIndex);
});
