// Bugs in a coordinator: one in a handler or a watcher costs that call, one in what is replicated stops the replica.

import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AssertionError, present } from "../../../../src/core/base/assert.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { watching } from "../../../../src/core/coordinator/services/watch/watch.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { WatchRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { type Member, registerShard, type TestGroup } from "../group.ts";
import { adminOf, contextOf, ledGroup } from "../service-context.ts";

const ids: unknown[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (_: string, fields: Readonly<Record<string, unknown>> = {}) => ids.push(fields["id"]),
};
let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ids.length = 0;
  ({ group, leader } = await ledGroup(3));
  context = { ...contextOf(group, leader), internalErrors: new InternalErrors("coordinator n1", log) };
});
afterEach(() => group.close());

test("a watcher that throws ends its stream with INTERNAL and an id; the replica and other watchers go on", async () => {
  const broken = await watchingGroup();
  const healthy = await watchingGroup();
  broken.call.write = () => {
    throw new Error("a bug");
  };
  await group.propose(leader, registerShard("s1"));
  await nextTurn();
  expect(broken.ended.map(readRpcError)).toMatchObject([{ reason: "INTERNAL", metadata: { id: ids[0] } }]);
  expect(healthy.ended).toEqual([]);
  expect(healthy.told.at(-1)).toMatchObject({
    changes: expect.arrayContaining([expect.objectContaining({ key: ["s1"] })]),
  });
  healthy.call.emit("close");
});

async function watchingGroup() {
  const told: unknown[] = [];
  const ended: unknown[] = [];
  const request = WatchRequest.fromPartial({ afterRevision: leader.driver.appliedIndex });
  const write = (response: unknown) => told.push(response) > 0;
  const call = Object.assign(new EventEmitter(), {
    request,
    write,
    cancelled: false,
    writableNeedDrain: false,
  });
  call.on("error", (error) => ended.push(error));
  await group.until(watching(context)(call as never, adminOf(group)));
  return { call, told, ended };
}

test("an unexpected exception in a change of the membership is no 'not done'", async () => {
  const members = [1, 2, 3].map((id) => ({
    ...{ nodeId: id, name: `n${id}`, address: `127.0.0.1:${id}` },
    ...{ wanted: MemberKind.VOTER, version: 0, sinceMs: 0 },
  }));
  await group.propose(leader, { kind: { $case: "foundMembers", value: { members } } });
  const broken = contextOf(group, leader, () => {
    throw new TypeError("a bug");
  });
  const follower = leader.id === 1 ? "n2" : "n1";
  const request = {
    change: { $case: "remove" as const, value: { name: follower } },
    // Of another configuration, so that it is looked first whether it is done already.
    ...{ expectedConfigurationIndex: 999, reason: "", dryRun: false },
  };
  const asked = broken.changes.change(broken, request, adminOf(group)).catch((error: unknown) => error);
  expect(await group.until(asked)).toBeInstanceOf(TypeError);
});

test("a broken invariant in apply stops that replica, and says which entry and what to do", async () => {
  const follower = present(
    group.members.find((member) => member !== leader),
    "there are three",
  );
  const appliedBefore = follower.driver.appliedIndex;
  vi.spyOn(follower.machine.view as FleetState, "digest").mockImplementation(() => {
    throw new AssertionError("broken invariant: a row is in one table");
  });
  const written = group.propose(leader, registerShard("s1"));
  await expect(written).rejects.toMatchObject({
    code: "REPLICATED_STATE_BROKEN",
    message: `entry ${appliedBefore + 1} of the log cannot be applied: broken invariant: a row is in one table`,
    parts: { next: expect.stringContaining("fleet verify") },
    cause: expect.any(AssertionError),
  });
  expect(group.failures.length).toBe(1);
  // It does nothing any more, and the others continue.
  group.failures.length = 0;
  expect(await group.propose(leader, registerShard("s2"))).toMatchObject({ ok: true });
  expect(follower.driver.appliedIndex).toBe(appliedBefore);
});
