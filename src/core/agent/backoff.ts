// How long an agent waits before it dials again.

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * The wait after `failures` dials in a row (0 = the first wait). It doubles up to the limit, and its upper
 * half is random (`random` in [0, 1)). So the agents of a restarted shard do not all dial at the same moment.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  const ceilingMs = Math.min(limits.initialMs * 2 ** failures, limits.maxMs);
  return ceilingMs * (0.5 + random / 2);
}
