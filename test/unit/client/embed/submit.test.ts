// What the writer hears when its host ends, or an endpoint does not answer, while its operation is on its way.

import { expect, test } from "vitest";
import { encodeFields, LogKeys } from "../../../../src/client/embed/log-keys.ts";
import type { Store } from "../../../../src/client/embed/store.ts";
import { put, transaction } from "../../../../src/client/embed/transactions.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { SmallWorld } from "./small-host.ts";

const codeOf = (error: { readonly code: string }): string => error.code;

/** Its watch shows nothing until `shows` is resolved. */
function hiding(store: Store, shows: Promise<void>): Store {
  return {
    ...store,
    async *watch(range, from, signal) {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([shows, aborted]);
      yield* store.watch(range, from, signal);
    },
  };
}

test("closed after the operation was written: its outcome is unknown", async () => {
  const world = new SmallWorld();
  const store = hiding(world.store("h"), new Promise(() => undefined));
  const { coordinator } = await world.open("h", async () => null, { store });
  const before = world.shared.space.currentRevision;
  const code = coordinator.submitWrite("say", "a").catch(codeOf);
  await world.until(() => world.shared.space.currentRevision > before);
  await world.settle(world.clock.sleep(500));
  await world.settle(coordinator.close());
  expect(await code).toBe("OUTCOME_UNKNOWN");
});

test("an earlier operation that is unknown here ends the host: that of a later one is unknown, not refused", async () => {
  const world = new SmallWorld();
  const shows = Promise.withResolvers<void>();
  const store = world.store("h");
  const { coordinator } = await world.open("h", async () => null, { store: hiding(store, shows.promise) });
  const newer = put(new LogKeys("small").operation("newer"), encodeFields({ operation: "newer" }));
  await world.settle(store.txn(transaction([], [newer]), 1_000));
  const code = coordinator.submitWrite("say", "a").catch(codeOf);
  await world.settle(world.clock.sleep(500));
  shows.resolve();
  expect(await world.settle(code)).toBe("OUTCOME_UNKNOWN");
  await world.settle(coordinator.close());
});

test("an endpoint that does not answer gets a part of the time: the next one writes the operation", async () => {
  const world = new SmallWorld();
  const store = world.store("h");
  let isDead = false;
  const halfDead: Store = {
    ...store,
    txn: async (request, deadlineMs) => {
      if (!isDead) return await store.txn(request, deadlineMs);
      isDead = false;
      await world.clock.sleep(deadlineMs);
      throw new OperatorError("OUTCOME_UNKNOWN", { what: "lost", exit: Exit.TimedOut });
    },
  };
  const { coordinator, words } = await world.open("h", async () => null, { store: halfDead });
  await world.until(() => coordinator.currentRole() === "leader");
  isDead = true;
  const { result } = await world.settle(coordinator.submitWrite("say", "a"));
  expect([result, words]).toEqual([1, ["a"]]);
  await world.settle(coordinator.close());
});
