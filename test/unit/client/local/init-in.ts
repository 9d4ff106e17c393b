// `fleet init` in a world without real processes.

import { initFleet } from "../../../../src/client/local/init.ts";
import type { InitOptions } from "../../../../src/client/local/init-options.ts";
import { systemWaitClock } from "../../../../src/core/base/wait-clock.ts";
import type { FakeWorld } from "./fakes.ts";

export const init = (world: FakeWorld, options: Partial<InitOptions> = {}) =>
  initFleet(
    { directory: world.directory, nodes: 3, shards: 0, clusters: 0, profile: "lan", ...options },
    world.deps,
  );

/** For inits that wait for each other: their waits are real, since the work they wait for is. */
export const inRealTime = (world: FakeWorld): FakeWorld => ({
  ...world,
  deps: { ...world.deps, clock: systemWaitClock },
});
