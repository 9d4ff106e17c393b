// The sizes of a lab. L is the fleet of BigFleet ADR-0002, which is too large to run as real processes on one
// machine.

export interface LabSize {
  readonly shards: number;
  readonly clusters: number;
  readonly domains: number;
  readonly quotas: number;
  /** For all shards together; a report carries a hundred at most. */
  readonly shortfalls: number;
  readonly reportEveryMs: number;
}

export const SIZES = {
  S: { shards: 3, clusters: 20, domains: 500, quotas: 5, shortfalls: 30, reportEveryMs: 2_000 },
  M: { shards: 20, clusters: 2_000, domains: 10_000, quotas: 20, shortfalls: 2_000, reportEveryMs: 10_000 },
  L: {
    shards: 200,
    clusters: 20_000,
    domains: 100_000,
    quotas: 50,
    shortfalls: 20_000,
    reportEveryMs: 10_000,
  },
} as const satisfies Readonly<Record<string, LabSize>>;

export type SizeName = keyof typeof SIZES;

/** The whole numbers from 0 below `count`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
