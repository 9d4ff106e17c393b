// The time that commands of the key space carry, by which all replicas decide what is older than the window of retention.
// What must stay true: between two commands it advances by no more than what has really passed. So the leader counts by its
// monotonic clock, from the last time that was applied (ADR-0020). No wall clock is asked: it may be wrong, and be set.

import type { Clock, MonotonicMs } from "../../base/clock.ts";

interface Leading {
  readonly driver: { readonly term: number };
  readonly machine: { readonly space: { readonly timeMs: number } | null };
}

export class KeyTime {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #term = 0;
  /** At `#fromMs` of the monotonic clock the replicated time was at least this. */
  #atMs = 0;
  #fromMs: MonotonicMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /**
   * For a command of this leader. A new term begins from what is applied: the leaders in between may have counted less. While
   * entries of earlier terms are still to be applied, the stamp is too early, which moves nothing.
   */
  stamp({ driver, machine }: Leading): number {
    const { space } = machine;
    if (space === null) return 0;
    const now = this.#clock.monotonicMs();
    const passedMs = this.#atMs + Math.floor(now - this.#fromMs);
    if (driver.term === this.#term && passedMs >= space.timeMs) return passedMs;
    this.#term = driver.term;
    this.#atMs = space.timeMs;
    this.#fromMs = now;
    return this.#atMs;
  }
}
