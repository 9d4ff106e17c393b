// Counts what a correct client seldom does, such as resetting a call or repeating its settings. Floods of it cost
// little each and nothing accounts for them, so a connection that does it too often ends.

import type { MonotonicMs } from "../../base/clock.ts";

/** As nghttp2 has it: a burst, and so many more each second. */
const BURST = 1_000;
const PER_SECOND = 33;

export class Strikes {
  readonly #now: () => MonotonicMs;
  #left = BURST;
  #atMs: MonotonicMs;

  constructor(now: () => MonotonicMs) {
    this.#now = now;
    this.#atMs = now();
  }

  /** Returns whether that was too much. */
  add(): boolean {
    this.#left -= 1;
    if (this.#left >= 0) return false;
    const nowMs = this.#now();
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#atMs) * PER_SECOND) / 1_000);
    this.#atMs = nowMs;
    return this.#left < 0;
  }
}
