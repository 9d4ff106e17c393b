// A leading host that reads its log again, from the beginning, while its reign continues.

import { expect, test } from "vitest";
import { SmallWorld } from "./small-host.ts";

const EFFECTS = 40;

test("a rebuild in a reign performs no effect that is completed, and says which one may have run", async () => {
  const world = new SmallWorld();
  const store = world.store("h");
  let breakOff = new AbortController();
  const broken: typeof store = {
    ...store,
    watch: (range, from, signal) => {
      breakOff = new AbortController();
      return store.watch(range, from, AbortSignal.any([signal, breakOff.signal]));
    },
  };
  const held = Promise.withResolvers<void>();
  const calls = new Map<string, boolean[]>();
  const perform = async (_: unknown, { key, mayHaveRun }: { key: string; mayHaveRun: boolean }) => {
    calls.set(key, [...(calls.get(key) ?? []), mayHaveRun]);
    await held.promise;
    return null;
  };
  const host = await world.open("h", perform, { store: broken });
  const { coordinator } = host;
  await world.until(() => coordinator.currentRole() === "leader");
  const writing = Array.from({ length: EFFECTS }, (_, at) => coordinator.submitWrite("do", at));
  await world.settle(Promise.all(writing));
  held.resolve();
  await world.until(() => host.done.length === EFFECTS);
  const { term } = await coordinator.clusterTopology();
  const reads = store.range;
  let isSlow = true;
  // The completed effects must not be seen as pending, however long the reading takes.
  Object.assign(broken, {
    range: async (request: never, deadlineMs: number) => {
      if (isSlow) await world.clock.sleep(400);
      return await reads(request, deadlineMs);
    },
  });
  breakOff.abort();
  await world.until(() => host.done.length < EFFECTS);
  await world.until(() => host.done.length === EFFECTS);
  isSlow = false;
  await world.settle(world.clock.sleep(2_000));
  expect((await coordinator.clusterTopology()).term).toBe(term);
  expect([...calls.values()]).toEqual(Array.from({ length: EFFECTS }, () => [false]));
  await world.settle(coordinator.close());
});
