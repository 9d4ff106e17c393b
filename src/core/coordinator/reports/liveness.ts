// Whether a shard is alive, by the age of its newest report: pure. Nothing follows automatically: a shard
// that its coordinators do not hear may still serve its clusters. What must stay true: a leader that is
// younger than a limit never says that the limit has passed.

import { ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";

/** For a shard without a report for longer than this. The only measure for the age of reports. */
export interface LivenessLimits {
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
}

/** The report is so old that its shard is suspect or dead: it proves nothing about the present. */
export function isLate(reportAgeMs: number, { suspectAfterMs }: LivenessLimits): boolean {
  return reportAgeMs > suspectAfterMs;
}

/**
 * `reportAgeMs` is null for a shard that has not reported to this leader; `leadsForMs` is null on a replica
 * that does not lead.
 */
export function livenessOf(
  reportAgeMs: number | null,
  leadsForMs: number | null,
  limits: LivenessLimits,
): ShardLiveness {
  if (leadsForMs === null) return ShardLiveness.UNKNOWN;
  // If it ever reported, that was to an earlier leader.
  const silentForMs = reportAgeMs ?? leadsForMs;
  if (silentForMs > limits.deadAfterMs) return ShardLiveness.DEAD;
  if (isLate(silentForMs, limits)) return ShardLiveness.SUSPECT;
  return reportAgeMs === null ? ShardLiveness.UNKNOWN : ShardLiveness.ALIVE;
}
