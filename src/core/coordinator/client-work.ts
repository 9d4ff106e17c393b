// How much of a pass of the event loop clients may take, so that a burst of theirs holds up no tick, no heartbeat and no
// peer's message. Work within a pass's budget runs at once; what is beyond it waits, and each later pass does a slice.
// What must stay true: nothing waits while there is time, answers go before new calls, and both in the order they came.
// New calls are refused when too many wait, or when the oldest has waited too long: then each later one would, too.

import { assert } from "../base/assert.ts";
import { elapsedMs, type MonotonicMs } from "../base/clock.ts";
import type { Loop } from "../base/event-loop.ts";
import { DELAY_MS_MAX } from "./drain-rate.ts";

/** Of one pass. A heartbeat is due every 50 ms, and a busy machine may give this process half of a core. */
export const SLICE_MS = 10;
export const ARRIVALS_MAX = 8_192;
/** Less than the shortest deadline that operators use, and many times what a burst of the allowed size takes. */
export const ARRIVAL_WAIT_MS_MAX = 1_000;
const DELAY_MS_MIN = 50;
const KEPT_MAX = 4_096;

interface Waiting {
  readonly sinceMs: MonotonicMs;
  readonly resume: () => void;
}

export class ClientWork {
  readonly #loop: Loop;
  readonly #answers = new Line();
  readonly #arrivals = new Line();
  /** When this pass's first work began; null = none has. */
  #beganMs: MonotonicMs | null = null;
  #refused = 0;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** How many calls wait to be begun, and how many were refused since this process started. */
  get counts(): { readonly waiting: number; readonly refused: number } {
    return { waiting: this.#arrivals.size, refused: this.#refused };
  }

  /** When a call that is refused now may come again. */
  get retryDelayMs(): number {
    return Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, this.#arrivals.waitedMs(this.#loop.now())));
  }

  /** A new call: settles when there is time to begin it; false = it is refused. */
  async arrive(): Promise<boolean> {
    if (this.#isOverrun) {
      this.#refused += 1;
      return false;
    }
    await this.#turn(this.#arrivals);
    return true;
  }

  /** Of a call that was begun: settles when there is time to go on with it. Never refused. */
  async answer(): Promise<void> {
    await this.#turn(this.#answers);
  }

  get #isOverrun(): boolean {
    const { size } = this.#arrivals;
    return size >= ARRIVALS_MAX || this.#arrivals.waitedMs(this.#loop.now()) > ARRIVAL_WAIT_MS_MAX;
  }

  #turn(line: Line): Promise<void> | null {
    const nowMs = this.#loop.now();
    if (this.#answers.size + this.#arrivals.size === 0 && this.#hasTime(nowMs)) return null;
    return new Promise((resume) => line.add({ sinceMs: nowMs, resume }));
  }

  #hasTime(nowMs: MonotonicMs): boolean {
    if (this.#beganMs === null) this.#begin(nowMs);
    return elapsed(this.#beganMs, nowMs) < SLICE_MS;
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      if (this.#answers.size + this.#arrivals.size > 0) void this.#slice();
    });
  }

  async #slice(): Promise<void> {
    this.#begin(this.#loop.now());
    while (this.#hasTime(this.#loop.now())) {
      const next = this.#answers.take() ?? this.#arrivals.take();
      if (next === undefined) return;
      next.resume();
      // So that what it costs, its data read included, is seen before the next is let go on.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
  }
}

const elapsed = (beganMs: MonotonicMs | null, nowMs: MonotonicMs): number => nowMs - (beganMs ?? nowMs);

/** First in, first out, in constant time. */
class Line {
  #waiting: Waiting[] = [];
  #taken = 0;

  get size(): number {
    return this.#waiting.length - this.#taken;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  take(): Waiting | undefined {
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken += 1;
    assert(this.#taken <= this.#waiting.length, "what is taken was added");
    // Seldom, so that moving what is left costs little for each.
    if (this.#taken > KEPT_MAX || this.#taken === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    return next;
  }

  /** For how long the first one has waited. */
  waitedMs(nowMs: MonotonicMs): number {
    const first = this.#waiting[this.#taken];
    return first === undefined ? 0 : elapsedMs(first.sinceMs, nowMs);
  }
}
