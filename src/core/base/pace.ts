// Limits how fast each of many callers may ask for something, in tokens. A full bucket can be spent at once and is
// refilled by the second.

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

  /**
   * 0 = the price was paid; otherwise the number of milliseconds after which it can be. A price above a full
   * bucket costs a full bucket.
   */
  waitMs(key: string, nowMs: MonotonicMs, price = 1): number {
    const waitMs = this.shortMs(key, nowMs, price);
    if (waitMs === 0) this.#keep(key, this.#now(key, nowMs) - Math.min(price, this.#rate.burst), nowMs);
    return waitMs;
  }

  /** The same, and nothing is paid. */
  shortMs(key: string, nowMs: MonotonicMs, price: number): number {
    const { burst, perSecond } = this.#rate;
    const short = Math.min(price, burst) - this.#now(key, nowMs);
    return short > 0 ? Math.ceil((short * SECOND_MS) / perSecond) : 0;
  }

  /** For work that was done before its price was known: the caller may owe up to a full bucket. */
  charge(key: string, nowMs: MonotonicMs, price: number): void {
    this.#keep(key, Math.max(-this.#rate.burst, this.#now(key, nowMs) - price), nowMs);
  }

  #now(key: string, nowMs: MonotonicMs): number {
    const { burst, perSecond } = this.#rate;
    const { left, atMs } = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    return Math.min(burst, left + ((nowMs - atMs) * perSecond) / SECOND_MS);
  }

  #keep(key: string, left: number, nowMs: MonotonicMs): void {
    if (!this.#buckets.has(key) && this.#buckets.size >= KEYS_MAX) this.#forget(nowMs);
    this.#buckets.set(key, { left, atMs: nowMs });
  }

  // A full bucket need not be kept. If none is full, all are dropped: bounded memory comes before fairness.
  #forget(nowMs: MonotonicMs): void {
    const { burst, perSecond } = this.#rate;
    for (const [key, { left, atMs }] of this.#buckets) {
      if (left + ((nowMs - atMs) * perSecond) / SECOND_MS >= burst) this.#buckets.delete(key);
    }
    if (this.#buckets.size >= KEYS_MAX) this.#buckets.clear();
  }
}
