// The result of a run of the lab: the numbers of its steady part, and the rows that it left in the fleet.
// Pure.

import type { LabSize } from "./size.ts";

export interface Durations {
  readonly count: number;
  readonly failed: number;
  /** Null: there was no measurement. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
}

export interface LabReport {
  readonly size: LabSize;
  /** Interrupted before its end. */
  readonly stoppedEarly: boolean;
  readonly steadyMs: number;
  /** From a write's call to its acknowledgement. */
  readonly commits: Durations;
  readonly reports: Durations & { readonly perSecond: number };
  /** From an agent's dial of another shard until the fleet shows its cluster as drifting. */
  readonly drift: Durations;
  readonly there: LabCounts;
}

/** The lab's rows in the fleet. */
export interface LabCounts {
  readonly shards: number;
  readonly clusters: number;
  readonly domains: number;
  readonly quotas: number;
}

/** Collects how long one kind of action took. */
export class DurationLog {
  readonly #ms: number[] = [];
  #failed = 0;

  took(ms: number): void {
    this.#ms.push(ms);
  }

  failed(): void {
    this.#failed += 1;
  }

  summary(): Durations {
    const sorted = this.#ms.toSorted((left, right) => left - right);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? null;
    return {
      count: sorted.length,
      failed: this.#failed,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      worstMs: at(1),
    };
  }
}
