// The leader's wall clock is set back and forth: deadlines, ages and liveness do not follow it, and no answer fails.

import { afterEach, beforeEach, expect, test } from "vitest";
import { systemTimers } from "../../../../src/core/base/timers.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { handler } from "../../../../src/core/coordinator/calls/handler.ts";
import { coordinatorService } from "../../../../src/core/coordinator/services/coordinator-service.ts";
import { DataPlaneCount } from "../../../../src/core/coordinator/services/data-plane.ts";
import { reportShard } from "../../../../src/core/coordinator/services/report-shard.ts";
import { nodeStatus } from "../../../../src/core/coordinator/services/status.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import type { Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ListClustersResponse,
  ListRequest,
  ListShardsResponse,
  ListShortfallsResponse,
  NodeStatus,
  ReportShardRequest,
  SubmitRequest,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState, ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { UnaryCall, UnaryMethod } from "../../../../src/core/wire/server/unary-calls.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, asItComes, ledGroup, refusalOf } from "../service-context.ts";

const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const STEPS = [{ by: -HOUR_MS }, { by: HOUR_MS }];
const NEVER_SET = [{ by: -START_MS - HOUR_MS }];

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  group.wallOffsetMs = START_MS;
  await report();
  await write(drain);
  await report({ clusterId: "y1", state: BindingState.BOUND, session: true });
});
afterEach(() => group.close());

function report(...bindings: { clusterId: string; state: BindingState; session: boolean }[]) {
  const shortfall = { clusterId: "y1", missing: 1 };
  const request = {
    shardId: "sy",
    address: "sy:1",
    epoch: 1,
    cycle: group.nowMs + bindings.length,
    bindings,
  };
  return refusalOf(
    group,
    reportShard(
      context,
      asItComes(ReportShardRequest.fromPartial({ ...request, shortfalls: [shortfall] })),
      adminOf(group),
    ),
  );
}

const write = (kind: Operation["kind"]) =>
  refusalOf(group, submit(context, SubmitRequest.fromPartial({ operation: { kind } }), adminOf(group)));

/** What a client gets over the wire: the service's answer, encoded and decoded. */
function ask<Answer>(
  name: "listShards" | "listClusters" | "listShortfalls",
  codec: { encode(answer: Answer): { finish(): Uint8Array }; decode(bytes: Uint8Array): Answer },
): Promise<Answer> {
  const service = coordinatorService(context, systemTimers, new DataPlaneCount(context))[name] as UnaryMethod<
    ListRequest,
    Answer
  >;
  const answered = service(callOf(ListRequest.create(), 5_000));
  return group.until(answered.then((answer) => codec.decode(codec.encode(answer).finish())));
}

const callOf = <Request>(request: Request, waitsMs: number): UnaryCall<Request> => ({
  request,
  requestBytes: 0,
  path: "/fleet.v1.Coordinator/Submit",
  identity: { kind: "admin" },
  headers: {},
  remainingMs: () => waitsMs,
  refuseUnread: () => undefined,
  onGone: () => undefined,
});

test.each(STEPS)(
  "a write without quorum ends by its deadline with the clock set by $by ms",
  async ({ by }) => {
    for (const { id } of group.members) if (id !== leader.id) group.network.isolate(id);
    let answer: unknown = null;
    const wanted = SubmitRequest.fromPartial({ operation: { kind: drain } });
    const serve = handler(context, (request: SubmitRequest, caller) => submit(context, request, caller));
    // Less than the election timeout, after which it would give up its leadership.
    serve(callOf(wanted, 400)).catch((error: unknown) => {
      answer = readRpcError(error).reason;
    });
    await group.run(1);
    group.wallOffsetMs += by;
    await group.run(3);
    expect(answer, "after 200 ms").toBeNull();
    await group.run(4);
    expect(answer, "after 400 ms").toBe("NO_QUORUM");
  },
);

test.each([...STEPS, ...NEVER_SET])(
  "GetStatus and lists answer, and all ages are right, with the clock set by $by ms",
  async ({ by }) => {
    const beganMs = group.nowMs;
    await group.run(20);
    group.wallOffsetMs += by;
    await group.run(20);
    const silentMs = group.nowMs - beganMs;

    const status = NodeStatus.decode(NodeStatus.encode(nodeStatus(context, { hashAtIndex: 0 })).finish());
    expect(status.uptimeMs).toBe(group.nowMs);
    const { shards } = await ask("listShards", ListShardsResponse);
    expect(shards[0]?.liveness).toBe(ShardLiveness.ALIVE);
    expect(shards[0]?.observed?.ageMs).toBeGreaterThanOrEqual(silentMs);
    expect(shards[0]?.observed?.ageMs).toBeLessThan(silentMs + 1_000);
    const { clusters } = await ask("listClusters", ListClustersResponse);
    expect(clusters[0]?.observed).toMatchObject([{ shardId: "sy", late: false }]);
    const { shortfalls } = await ask("listShortfalls", ListShortfallsResponse);
    expect(shortfalls[0]?.reportAgeMs).toBeLessThan(silentMs + 1_000);
  },
);

const drain: Operation["kind"] = {
  $case: "drainShard",
  value: { shardId: "sy", expectedVersion: undefined },
};
const remove: Operation["kind"] = {
  $case: "removeShard",
  value: { shardId: "sy", force: false, expectedVersion: undefined },
};

test("a step forward makes no shard dead, and no removal trusts it", async () => {
  group.wallOffsetMs += HOUR_MS;
  const { shards } = await ask("listShards", ListShardsResponse);
  expect(shards[0]?.liveness).toBe(ShardLiveness.ALIVE);
  expect(await write(remove)).toBe("SHARD_IN_USE");
});

test("a step back keeps no shard alive: one that is silent is dead at its time", async () => {
  group.wallOffsetMs -= HOUR_MS;
  await group.run(65 * 20);
  const { shards } = await ask("listShards", ListShardsResponse);
  expect(shards[0]?.liveness).toBe(ShardLiveness.DEAD);
  expect(await write(remove)).toBe("");
});

test.each([...STEPS, ...NEVER_SET])(
  "writes go on, each in its wall time, with the clock set by $by ms",
  async ({ by }) => {
    group.wallOffsetMs += by;
    const value = { shardId: "sy", expectedVersion: undefined };
    const request = SubmitRequest.fromPartial({ operation: { kind: { $case: "activateShard", value } } });
    const { index } = await group.until(submit(context, request, adminOf(group)));
    const [newest] = [...leader.machine.view.tables.audit.rows()].slice(-1);
    expect(newest?.index).toBe(index);
    expect(newest?.atMs).toBeGreaterThanOrEqual(Math.max(0, START_MS + by));
  },
);
