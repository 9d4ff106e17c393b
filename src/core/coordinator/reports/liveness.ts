// Whether a shard lives, from the age of its newest report: pure. Nothing follows from it by itself, for a shard that
// its coordinators do not hear may serve its clusters all the same.
// What must stay true: a leader that is younger than a limit never says that the limit has passed.

import { ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";

/** Of a shard that has not reported for longer than that. The one measure of how old a report may be. */
export interface LivenessLimits {
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
}

/** The report is so old that its shard is suspect or dead: whatever it said, it proves nothing of now. */
export function isLate(reportAgeMs: number, { suspectAfterMs }: LivenessLimits): boolean {
  return reportAgeMs > suspectAfterMs;
}

/**
 * `reportAgeMs` is null for a shard that has not reported to this leader; `leadsForMs` is null on a replica that does
 * not lead.
 */
export function livenessOf(
  reportAgeMs: number | null,
  leadsForMs: number | null,
  limits: LivenessLimits,
): ShardLiveness {
  if (leadsForMs === null) return ShardLiveness.UNKNOWN;
  // It last reported, if ever, to a leader before this one.
  const silentForMs = reportAgeMs ?? leadsForMs;
  if (silentForMs > limits.deadAfterMs) return ShardLiveness.DEAD;
  if (isLate(silentForMs, limits)) return ShardLiveness.SUSPECT;
  return reportAgeMs === null ? ShardLiveness.UNKNOWN : ShardLiveness.ALIVE;
}
