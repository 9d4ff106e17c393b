// One timer for many deadlines, set to the earliest, so that thousands of waiting calls cost one timer. It
// keeps the process alive while it is set; an owner without waiting calls stops it.

import { type MonotonicMs, systemClock } from "../../base/clock.ts";

export class DeadlineTimer {
  readonly #expire: (nowMs: MonotonicMs) => MonotonicMs;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  /** `expire` handles everything due at `nowMs` and returns the earliest remaining deadline, or infinity. */
  constructor(expire: (nowMs: MonotonicMs) => MonotonicMs) {
    this.#expire = expire;
  }

  /** From now on a call waits until `deadline`. */
  cover(deadline: MonotonicMs): void {
    if (deadline >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = deadline;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, deadline - systemClock.monotonicMs()));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    const nextMs = this.#expire(systemClock.monotonicMs());
    if (nextMs !== Number.POSITIVE_INFINITY) this.cover(nextMs);
  }
}
