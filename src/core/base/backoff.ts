// How long a caller waits before it tries again: agents that dial, clients that look for a leader, watches.

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * The wait after `failures` earlier waits in a row (0 = the first wait). It doubles up to the limit, and its upper
 * half is random (`random` in [0, 1)). So the callers of a dead process do not all retry at the same moment.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  const ceilingMs = Math.min(limits.initialMs * 2 ** failures, limits.maxMs);
  return ceilingMs * (0.5 + random / 2);
}
