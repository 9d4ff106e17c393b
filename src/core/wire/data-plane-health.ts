// Whether the leader's counts of shards, bindings and instructions are healthy. Pure. What must stay true: if
// a leader is too new to have heard its shards, that does not count against them.

import type { DataPlane } from "./gen/fleet/v1/coordinator.ts";

/** An instruction that waits longer was not delivered: in this time a shard asks several times. */
const UNDELIVERED_AFTER_MS = 60_000;

/** Null: there is no known problem. */
export function isDataPlaneSound(plane: DataPlane | null): boolean {
  if (plane === null) return true;
  const { clustersElsewhere, clustersDouble, clustersAbsent } = plane;
  const areShardsSound = plane.shardsSuspect + plane.shardsDead === 0;
  const areClustersSound = clustersElsewhere + clustersDouble + clustersAbsent === 0 && !isUnknownFor(plane);
  return areShardsSound && areClustersSound && plane.instructionsRefused === 0 && !isUndelivered(plane);
}

/** Clusters of unknown state, although the leader had enough time to hear of them. */
export const isUnknownFor = ({ clustersUnknown, shardsUnheard }: DataPlane): boolean =>
  clustersUnknown > 0 && shardsUnheard === 0;

export const isUndelivered = ({ instructionsPending, oldestPendingMs }: DataPlane): boolean =>
  instructionsPending > 0 && oldestPendingMs > UNDELIVERED_AFTER_MS;
