// A shard that reports clusters which nobody declared to it is not taken out of the fleet unless that is forced.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceContext } from "../../../src/core/coordinator/services/context.ts";
import { reportShard } from "../../../src/core/coordinator/services/report-shard.ts";
import { submit } from "../../../src/core/coordinator/services/submit.ts";
import type { Operation } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest, SubmitRequest } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import type { TestGroup } from "./group.ts";
import { adminOf, ledGroup, refusalOf } from "./service-context.ts";

let group: TestGroup;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, context } = await ledGroup(3));
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
    reportShard(context, ReportShardRequest.fromPartial({ ...place, bindings }), adminOf(group)),
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

test("what a silent shard served once does not keep it in the fleet", async () => {
  await report(2, { clusterId: "y1", state: BindingState.BOUND, session: true });
  await group.run(20 * 16);
  expect(await write(remove())).toBe("");
});

test("a new leader that has not heard the shard yet does not know, and says so", async () => {
  context.observed.forgetAll();
  context = { ...context, leadsSince: () => group.nowMs };
  expect(await write(remove())).toBe("SHARD_UNHEARD");
  expect(await write(remove(true))).toBe("");
});

test("a removal that is repeated, since its answer was lost, is answered as before", async () => {
  expect(await write(remove())).toBe("");
  const serving = { clusterId: "y1", state: BindingState.BOUND, session: true };
  expect(await report(2, serving)).toBe("SHARD_REMOVED");
  expect(await write(remove())).toBe("");
});
