// How long an agent waits before it dials again.

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * The wait after `failures` dials in a row (0 = the first wait): doubling up to the limit, the upper half of it
 * at random (`random` in [0, 1)), so that the agents of a restarted shard do not all come in the same moment.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  const ceilingMs = Math.min(limits.initialMs * 2 ** failures, limits.maxMs);
  return ceilingMs * (0.5 + random / 2);
}
