// Who leads when a host's lease may have ended while an effect of it runs.

import { expect, test } from "vitest";
import { SmallWorld } from "./small-host.ts";

test("a host in doubt gives its lease up, although its effect does not return", async () => {
  const world = new SmallWorld();
  let open = Promise.withResolvers<void>();
  open.resolve();
  const returns = Promise.withResolvers<null>();
  let begun = 0;
  const hangs = () => {
    begun += 1;
    return returns.promise;
  };
  const one = await world.open("one", hangs, { store: world.shared.storeOf("one", () => open.promise) });
  await world.until(() => one.coordinator.currentRole() === "leader");
  const told: boolean[] = [];
  const two = await world.open("two", async (_, { mayHaveRun }) => {
    told.push(mayHaveRun);
    return null;
  });
  await world.settle(two.coordinator.submitWrite("do", 1));
  await world.until(() => begun === 1);
  // Its calls hang until it is in doubt; the store still has its lease.
  open = Promise.withResolvers<void>();
  for (let second = 0; second < 6; second += 1) await world.settle(world.clock.sleep(1_000));
  expect(one.coordinator.currentRole()).toBe("follower");
  open.resolve();
  await world.until(() => two.done.length === 1);
  expect(told).toEqual([true]);
  expect(two.coordinator.currentRole()).toBe("leader");
  expect(one.coordinator.currentRole()).toBe("follower");
  returns.resolve(null);
  await world.settle(one.coordinator.close());
  await world.settle(two.coordinator.close());
});
