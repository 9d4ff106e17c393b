// A caller that does not get its lock or its election leaves no key behind: the next in the queue would wait for it.

import { expect, test } from "vitest";
import { electionService } from "../../../../src/core/coordinator/etcd/election-service.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { lockService } from "../../../../src/core/coordinator/etcd/lock-service.ts";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { CampaignRequest } from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import type { UnaryCall } from "../../../../src/core/wire/server/unary-calls.ts";
import { apply, bytes } from "./key-commands.ts";
import { ADMIN, callOf, FakeKeys, FREE_SERVER } from "./key-store.ts";

const request = { name: bytes("q"), lease: "7" };

function fleet() {
  const keys = new FakeKeys({});
  apply(keys.space, { $case: "leaseGrant", value: { ID: "7", TTL: 60 } });
  const { context, store } = keys;
  const callers = new WaitingCallers(context, store.access);
  return {
    keys,
    lock: lockService(context, store, callers),
    election: electionService(context, store, callers, FREE_SERVER),
  };
}

const gone = <Request>(call: UnaryCall<Request>): UnaryCall<Request> => ({
  ...call,
  onGone: (listener) => listener(),
});

test("a lock whose last read fails is released", async () => {
  const { keys, lock } = fleet();
  // The first read is of the turn.
  keys.beforeRead = () => {
    if (keys.confirmedReads === 1) throw ETCD_ERRORS.timeout;
  };
  const locked = lock.lock(callOf(ADMIN, LockRequest.fromPartial(request)));
  await expect(locked).rejects.toBe(ETCD_ERRORS.timeout);
  expect(keys.written).toEqual(["txn", "deleteRange"]);
  expect(keys.space.leases.keysOf("7")).toEqual([]);
});

test("the lock of a caller that is gone is released", async () => {
  const { keys, lock } = fleet();
  const locked = lock.lock(gone(callOf(ADMIN, LockRequest.fromPartial(request))));
  await expect(locked).rejects.toBe(ETCD_ERRORS.canceled);
  expect(keys.space.leases.keysOf("7")).toEqual([]);
});

test("a candidate that is gone when its turn comes resigns", async () => {
  const { keys, election } = fleet();
  const campaign = election.campaign(gone(callOf(ADMIN, CampaignRequest.fromPartial(request))));
  await expect(campaign).rejects.toBe(ETCD_ERRORS.canceled);
  expect(keys.space.leases.keysOf("7")).toEqual([]);
});
