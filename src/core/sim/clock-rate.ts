// How fast the clocks of nodes run in a run with drift.

import type { Chance } from "./chance.ts";
import type { Swarm } from "./swarm.ts";

/** Per mille of a clock's rate. */
const driftOf = ({ noises, badness }: Swarm): number => (noises.has("drift") ? 2 * badness : 0);

/** Of real milliseconds, how many one node's clock makes of them. */
export function drawClockRate(swarm: Swarm, chance: Chance): number {
  const drift = driftOf(swarm);
  return 1 + chance.between(-drift, drift) / 1_000;
}

/** Of any node. */
export const fastestClock = (swarm: Swarm): number => 1 + driftOf(swarm) / 1_000;
