// How often a shard's row may be written for its own reports: a start, another address. Each is an entry of the log and of
// the audit log, which a shard's certificate could fill by naming another epoch in each report.

import type { MonotonicMs } from "../base/clock.ts";

const BURST = 10;
const REFILL_MS = 1_000;
const SHARDS_MAX = 100_000;

interface Bucket {
  readonly left: number;
  readonly atMs: MonotonicMs;
}

export class RegistrationPace {
  readonly #buckets = new Map<string, Bucket>();

  /** 0 = it may register now; otherwise after so many milliseconds. */
  waitMs(shardId: string, nowMs: MonotonicMs): number {
    const { left, atMs } = this.#buckets.get(shardId) ?? { left: BURST, atMs: nowMs };
    const refilled = Math.min(BURST, left + (nowMs - atMs) / REFILL_MS);
    if (refilled < 1) return Math.ceil((1 - refilled) * REFILL_MS);
    if (this.#buckets.size >= SHARDS_MAX) this.#buckets.clear();
    this.#buckets.set(shardId, { left: refilled - 1, atMs: nowMs });
    return 0;
  }
}
