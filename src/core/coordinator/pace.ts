// How fast something may be asked for by each of many, in tokens: a full bucket is spent at once, and refilled by the second.

import type { MonotonicMs } from "../base/clock.ts";

/** A shard's row, for its own reports: a start, another address. Each is an entry of the log and of the audit log. */
export const REGISTRATIONS = { burst: 10, perSecond: 1 };
/**
 * Rows of one shard's reports: a leader looks at 30 000 in 0.1 s. A shard of 20 000 clusters reports every 3 s, and one of a
 * thousand as often as it likes.
 */
export const REPORTED_ROWS = { burst: 60_000, perSecond: 20_000 };

const KEYS_MAX = 100_000;
const SECOND_MS = 1_000;

interface Rate {
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
    if (this.#buckets.size >= KEYS_MAX) this.#buckets.clear();
    this.#buckets.set(key, { left: now - cost, atMs: nowMs });
    return 0;
  }
}
