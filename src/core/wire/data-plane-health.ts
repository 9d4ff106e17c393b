// Whether what the leader counts of shards, bindings and instructions is sound. Pure.
// What must stay true: a leader that is too young to have heard its shards is no fault of theirs.

import type { DataPlane } from "./gen/fleet/v1/coordinator.ts";

/** An instruction that waits longer was not delivered: shards ask for theirs several times in this time. */
const UNDELIVERED_AFTER_MS = 60_000;

/** Null: nothing is known against it. */
export function isDataPlaneSound(plane: DataPlane | null): boolean {
  if (plane === null) return true;
  const { clustersElsewhere, clustersDouble, clustersAbsent } = plane;
  const areShardsSound = plane.shardsSuspect + plane.shardsDead === 0;
  const areClustersSound = clustersElsewhere + clustersDouble + clustersAbsent === 0 && !isUnknownFor(plane);
  return areShardsSound && areClustersSound && plane.instructionsRefused === 0 && !isUndelivered(plane);
}

/** Clusters of which nothing is known, although the leader had the time to hear of them. */
export const isUnknownFor = ({ clustersUnknown, shardsUnheard }: DataPlane): boolean =>
  clustersUnknown > 0 && shardsUnheard === 0;

export const isUndelivered = ({ instructionsPending, oldestPendingMs }: DataPlane): boolean =>
  instructionsPending > 0 && oldestPendingMs > UNDELIVERED_AFTER_MS;
