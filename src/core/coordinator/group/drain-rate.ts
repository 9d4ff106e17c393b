// How fast a queue is served, and so when a caller that found it full should try again: pure. A constant
// delay would be too long for a short burst, and far too short for a disk that has become slow.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";

const WINDOW_MS = 1_000;
const DELAY_MS_MIN = 20;
// Also used when the queue does not move: some callers must then try.
export const DELAY_MS_MAX = 2_000;

interface Sample {
  readonly atMs: MonotonicMs;
  readonly served: number;
}

export class DrainRate {
  /** Oldest first; all except the first are younger than the window. */
  #samples: Sample[] = [];

  /** `served`: number of served items since the beginning. */
  sample(served: number, atMs: MonotonicMs): void {
    const last = this.#samples.at(-1);
    assert(last === undefined || served >= last.served, "what was served stays served");
    assert(last === undefined || atMs >= last.atMs, "the monotonic clock does not go back");
    this.#samples.push({ atMs, served });
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** The time until half of the waiting ones are served, at the pace of the last second. */
  delayMs(waiting: number): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.served === first.served) return DELAY_MS_MAX;
    const perMs = (last.served - first.served) / Math.max(1, last.atMs - first.atMs);
    return Math.round(Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, waiting / 2 / perMs)));
  }
}
