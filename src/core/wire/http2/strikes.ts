// Counts what a correct client seldom does, such as resetting a call or repeating its settings. Floods of it cost
// little each and nothing accounts for them, so a connection that does it too often ends.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Rate } from "../../base/pace.ts";

export class Strikes {
  readonly #now: () => MonotonicMs;
  readonly #rate: Rate;
  #left: number;
  #atMs: MonotonicMs;

  constructor(now: () => MonotonicMs, rate: Rate) {
    this.#now = now;
    this.#rate = rate;
    this.#left = rate.burst;
    this.#atMs = now();
  }

  /** Returns whether that was too much. */
  add(): boolean {
    this.#left -= 1;
    if (this.#left >= 0) return false;
    const nowMs = this.#now();
    const { burst, perSecond } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) * perSecond) / 1_000);
    this.#atMs = nowMs;
    return this.#left < 0;
  }
}
