// A store that refuses for a while, or for good.

import { expect, test } from "vitest";
import type { Store } from "../../../../src/client/embed/store.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { isReadOnly } from "../../../../src/core/kv/check-request.ts";
import { SmallWorld } from "./small-host.ts";

const noSpace = new OperatorError("NO_SPACE", { what: "full", exit: Exit.Failure });
const forbidden = new OperatorError("PERMISSION_DENIED", { what: "no", exit: Exit.Authentication });

/** Writes, leases and watches throw `refusal.error` while it is there. */
function refusing(store: Store, refusal: { error: Error | null }): Store {
  const check = () => {
    if (refusal.error !== null) throw refusal.error;
  };
  return {
    ...store,
    txn: async (request, deadlineMs) => {
      if (!isReadOnly(request)) check();
      return await store.txn(request, deadlineMs);
    },
    grantLease: async (ttlMs) => {
      check();
      return await store.grantLease(ttlMs);
    },
    async *watch(range, from, signal) {
      for await (const events of store.watch(range, from, signal)) {
        yield events;
        check();
      }
    },
  };
}

test("a store without space ends no host: it records, leads and shortens its log when there is space", async () => {
  const world = new SmallWorld();
  const refusal: { error: Error | null } = { error: null };
  const told: unknown[] = [];
  const returns = Promise.withResolvers<null>();
  const host = await world.open("h", () => returns.promise, {
    ...{ store: refusing(world.store("h"), refusal), snapshotEvery: 3 },
    onStoreError: (error) => told.push(error),
  });
  const { coordinator } = host;
  await world.until(() => coordinator.currentRole() === "leader");
  await world.settle(coordinator.submitWrite("do", 1));
  refusal.error = noSpace;
  returns.resolve(null);
  const other = await world.open("other", async () => null);
  for (const word of ["a", "b", "c"]) await world.settle(other.coordinator.submitWrite("say", word));
  await world.until(() => told.length > 20);
  expect(host.failure).toBeNull();
  expect(new Set(told)).toEqual(new Set([noSpace]));
  refusal.error = null;
  await world.until(() => host.done.length === 1 && host.words.length === 3);
  expect(host.failure).toBeNull();
  await world.settle(other.coordinator.close());
  await world.until(() => coordinator.currentRole() === "leader");
  await world.settle(coordinator.close());
});

test("a host without permission ends, and says why", async () => {
  const world = new SmallWorld();
  const refusal: { error: Error | null } = { error: null };
  const told: unknown[] = [];
  const host = await world.open("h", async () => null, {
    store: refusing(world.store("h"), refusal),
    onStoreError: (error) => told.push(error),
  });
  await world.until(() => host.coordinator.currentRole() === "leader");
  await world.settle(host.coordinator.submitWrite("say", "a"));
  refusal.error = forbidden;
  const other = await world.open("other", async () => null);
  await world.settle(other.coordinator.submitWrite("do", 1));
  await world.until(() => host.failure !== null);
  expect([host.failure, told]).toEqual([forbidden, []]);
  await world.settle(other.coordinator.close());
  await world.settle(host.coordinator.close());
});
