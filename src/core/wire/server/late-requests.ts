// Requests that are not whole yet, so that those that take too long are given up. One timer serves all of them: nearly every
// request is whole at once, and a timer of its own would cost more than reading it. What must stay true: a request is given
// up when its time is over, not before; the timer does not keep the process running.

import { type MonotonicMs, systemClock } from "../../base/clock.ts";

interface Late {
  readonly dueMs: MonotonicMs;
  readonly giveUp: () => void;
}

export class LateRequests {
  readonly #waitMs: number;
  readonly #now: () => MonotonicMs;
  /** In order of their time, since all may take equally long. */
  readonly #waiting = new Set<Late>();
  #hasTimer = false;

  constructor(waitMs: number, now: () => MonotonicMs = systemClock.monotonicMs) {
    this.#waitMs = waitMs;
    this.#now = now;
  }

  /** Calls `giveUp` when the time is over, unless what this returns is removed before. */
  add(giveUp: () => void): object {
    const late = { dueMs: this.#now() + this.#waitMs, giveUp };
    this.#waiting.add(late);
    if (!this.#hasTimer) this.#wait(this.#waitMs);
    return late;
  }

  /** The request is whole, or gone. */
  remove(late: object): void {
    this.#waiting.delete(late as Late);
  }

  #wait(ms: number): void {
    this.#hasTimer = true;
    setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#hasTimer = false;
    const nowMs = this.#now();
    for (const late of this.#waiting) {
      if (late.dueMs > nowMs) {
        this.#wait(late.dueMs - nowMs);
        return;
      }
      this.#waiting.delete(late);
      late.giveUp();
    }
  }
}
