// How a cluster's declared binding differs from what shards report. Only sessions count as serving. A binding
// that a shard holds without a session is released at its next report and does no harm.

import type { Binding } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterObserved } from "../wire/gen/fleet/v1/coordinator.ts";
import { Drift } from "../wire/gen/fleet/v1/views.ts";

/** One shard's report of a cluster. */
export type Observed = Pick<ClusterObserved, "shardId" | "session" | "bound"> &
  Partial<Pick<ClusterObserved, "doubleDial">>;

/**
 * `declared` is null for a cluster that was only seen at shards. `ownerHasReported` says whether the declared
 * owner has reported to this leader, with or without this cluster.
 */
export function driftOf(
  declared: Readonly<Binding> | null,
  observed: readonly Observed[],
  ownerHasReported: boolean,
): Drift {
  // While a cluster moves, an old report can show two sessions although there is only one.
  if (declared?.migration !== undefined) return Drift.MIGRATING;

  const serving = observed.filter((row) => row.session).map((row) => row.shardId);
  if (new Set(serving).size > 1) return Drift.DOUBLE;
  // The shard refuses the second agent, so nothing is broken yet. But that agent gets in when the first one
  // fails.
  if (observed.some((row) => row.doubleDial !== undefined)) return Drift.DOUBLE;
  if (declared === null)
    return observed.some((row) => row.session || row.bound) ? Drift.ELSEWHERE : Drift.NONE;
  if (serving.length > 0) return serving.includes(declared.shardId) ? Drift.NONE : Drift.ELSEWHERE;
  return ownerHasReported ? Drift.ABSENT : Drift.UNKNOWN;
}
