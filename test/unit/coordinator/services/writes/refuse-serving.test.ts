// A shard that reports clusters that were not declared to it is not taken out of the fleet unless that is forced.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../../src/core/base/assert.ts";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { proposeOwn } from "../../../../../src/core/coordinator/group/propose-own.ts";
import { reportShard } from "../../../../../src/core/coordinator/services/report-shard.ts";
import { submit } from "../../../../../src/core/coordinator/services/writes/submit.ts";
import type { Operation } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest, SubmitRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../../../../src/core/wire/rpc-error.ts";
import { raise } from "../../../fleet/replica.ts";
import type { Member, TestGroup } from "../../group.ts";
import { adminOf, asItComes, contextOf, ledGroup, refusalOf } from "../../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  await report(1);
  await write({ $case: "drainShard", value: { shardId: "sy", expectedVersion: undefined } });
});
afterEach(() => group.close());

const write = (kind: Operation["kind"], dryRun = false) =>
  refusalOf(
    group,
    submit(context, SubmitRequest.fromPartial({ operation: { kind }, dryRun }), adminOf(group)),
  );

const remove = (force = false): Operation["kind"] => ({
  $case: "removeShard",
  value: { shardId: "sy", force, expectedVersion: undefined },
});

function report(cycle: number, ...bindings: { clusterId: string; state: BindingState; session: boolean }[]) {
  const place = { shardId: "sy", address: "sy:1", epoch: 1, cycle };
  return refusalOf(
    group,
    reportShard(context, asItComes(ReportShardRequest.fromPartial({ ...place, bindings })), adminOf(group)),
  );
}

test.each([
  { state: BindingState.BOUND, session: true, is: "SHARD_IN_USE", why: "it is served there" },
  { state: BindingState.BOUND, session: false, is: "SHARD_IN_USE", why: "it would be served there again" },
  { state: BindingState.RELEASED, session: false, is: "", why: "it was let go" },
])("with an undeclared cluster, '$is': $why", async ({ state, session, is }) => {
  await report(2, { clusterId: "y1", state, session });
  expect(await write(remove(), true)).toBe(is);
  expect(await write(remove())).toBe(is);
  expect(await write(remove(true))).toBe("");
});

const serving = (clusterId: string) => ({ clusterId, state: BindingState.BOUND, session: true });
const SECOND = 20;

test.each([
  { seconds: 20, served: ["y1"], is: "SHARD_IN_USE", why: "reports may come seldom" },
  { seconds: 20, served: [], is: "", why: "what it has not reported, it has not" },
  { seconds: 45, served: ["y1"], is: "SHARD_IN_USE", why: "a suspect shard may serve what it served" },
  { seconds: 45, served: [], is: "SHARD_UNHEARD", why: "or what it did not serve then" },
  { seconds: 65, served: ["y1"], is: "", why: "a dead shard is not waited for" },
])("$seconds s after a report of $served a removal is '$is': $why", async ({ seconds, served, is }) => {
  await report(2, ...served.map(serving));
  await group.run(SECOND * seconds);
  expect(await write(remove(), true)).toBe(is);
  expect(await write(remove())).toBe(is);
});

/** The operation is known from version 2 on. */
const raised = () => group.until(proposeOwn(context, raise(2, { 1: 2, 2: 2, 3: 2 }), context.clock));

const forget: Operation["kind"] = {
  $case: "forgetShard",
  value: { shardId: "sy", expectedVersion: undefined },
};

test.each([
  { seconds: 20, is: "SHARD_HEARD", why: "its next report would register it again" },
  { seconds: 45, is: "SHARD_HEARD", why: "a suspect shard may report" },
  { seconds: 65, is: "", why: "a dead shard is gone" },
])(
  "$seconds s after its last report a removed shard is forgotten, or '$is': $why",
  async ({ seconds, is }) => {
    await report(2);
    expect(await write(remove(true))).toBe("");
    await raised();
    await group.run(SECOND * seconds);
    expect(await write(forget, true)).toBe(is);
    expect(await write(forget)).toBe(is);
  },
);

test("a leader that is too new to have heard a removed shard forgets none", async () => {
  await raised();
  expect(await write(remove(true))).toBe("");
  context.observed.forgetAll();
  context = { ...context, leadsSince: () => group.nowMs - 5_000 };
  expect(await write(forget)).toBe("SHARD_HEARD");
});

test("that a shard has not reported to a leader that is no longer new is no word of what it serves", async () => {
  context.observed.forgetAll();
  context = { ...context, leadsSince: () => group.nowMs - 45_000 };
  expect(await write(remove())).toBe("SHARD_UNHEARD");
});

test("a replica that does not lead promises nothing: it sends the caller to the leader", async () => {
  await report(2, serving("y1"));
  const follower = present(
    group.members.find(({ id }) => id !== leader.id),
    "a group has followers",
  );
  const { id, address } = present(
    context.replicas.find((replica) => replica.id === leader.id),
    "the leader is a replica",
  );
  const request = SubmitRequest.fromPartial({ operation: { kind: remove() }, dryRun: true });
  const asked = submit(contextOf(group, follower), request, adminOf(group)).catch(readRpcError);
  expect(await group.until(asked)).toMatchObject({
    reason: "NOT_LEADER",
    metadata: { leader_id: String(id), leader_address: address },
  });
});

test.each([
  {
    after: (): unknown => report(2, serving("y1"), serving("y2")),
    says: "still serves or holds clusters that are not declared to it: y1, y2",
    why: "it goes on with them",
  },
  { after: () => report(2), says: "", why: "there is nothing" },
  {
    after: () => report(2, serving("y1")).then(() => group.run(SECOND * 65)),
    says: "in its last report, 65 s ago, had a cluster that is not declared to it: y1",
    why: "a dead shard may serve still",
  },
  {
    after: () => context.observed.forgetAll(),
    says: "may serve clusters that are not declared to it: it has not reported to this leader yet",
    why: "nobody knows",
  },
])(
  "a removal by force says what it leaves behind, in its dry run too ($says): $why",
  async ({ after, says }) => {
    await after();
    const summaryOf = async (dryRun: boolean) => {
      const request = SubmitRequest.fromPartial({ operation: { kind: remove(true) }, dryRun });
      return (await group.until(submit(context, request, adminOf(group)))).applied?.summary;
    };
    expect(await summaryOf(true)).toBe(says);
    expect(await summaryOf(false)).toBe(says);
  },
);

test("beside what it drops", async () => {
  await report(2, serving("y1"));
  await write({ $case: "activateShard", value: { shardId: "sy", expectedVersion: undefined } });
  await write({
    $case: "assignDomain",
    value: { key: "rack", value: "r", shardId: "sy", expectedVersion: undefined },
  });
  const request = SubmitRequest.fromPartial({ operation: { kind: remove(true) }, dryRun: true });
  const { applied } = await group.until(submit(context, request, adminOf(group)));
  expect(applied?.summary).toBe(
    "drops 1 domain, 1 pending instruction, and which still serves or holds a cluster that is not declared to it: y1",
  );
});

test("a new leader that has not heard the shard yet does not know, and says so", async () => {
  context.observed.forgetAll();
  context = { ...context, leadsSince: () => group.nowMs };
  expect(await write(remove())).toBe("SHARD_UNHEARD");
  expect(await write(remove(true))).toBe("");
});

test("a removal that is repeated, since its answer was lost, is answered as before", async () => {
  expect(await write(remove())).toBe("");
  expect(await report(2, serving("y1"))).toBe("SHARD_REMOVED");
  expect(await write(remove())).toBe("");
});
