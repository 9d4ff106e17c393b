// How fast something may be asked for by each of many, in tokens: a full bucket is spent at once, and refilled by the second.

import type { MonotonicMs } from "./clock.ts";

const KEYS_MAX = 100_000;
const SECOND_MS = 1_000;

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  readonly left: number;
  readonly atMs: MonotonicMs;
}

export class Pace {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** 0 = it was paid; otherwise it can be after so many milliseconds. What costs more than a full bucket costs that. */
  waitMs(key: string, nowMs: MonotonicMs, price = 1): number {
    const { burst, perSecond } = this.#rate;
    const cost = Math.min(price, burst);
    const { left, atMs } = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const now = Math.min(burst, left + ((nowMs - atMs) * perSecond) / SECOND_MS);
    if (now < cost) return Math.ceil(((cost - now) * SECOND_MS) / perSecond);
    if (!this.#buckets.has(key) && this.#buckets.size >= KEYS_MAX) this.#forget(nowMs);
    this.#buckets.set(key, { left: now - cost, atMs: nowMs });
    return 0;
  }

  // One that is full again is as good as none. When none is, all begin anew: memory is bounded before fairness is.
  #forget(nowMs: MonotonicMs): void {
    const { burst, perSecond } = this.#rate;
    for (const [key, { left, atMs }] of this.#buckets) {
      if (left + ((nowMs - atMs) * perSecond) / SECOND_MS >= burst) this.#buckets.delete(key);
    }
    if (this.#buckets.size >= KEYS_MAX) this.#buckets.clear();
  }
}
