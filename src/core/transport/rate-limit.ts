// Limits the bytes a second of all callers that share it: snapshots for followers must leave room for the
// quorum's messages.

import { setTimeout as sleep } from "node:timers/promises";

export class RateLimit {
  readonly #bytesPerSecond: number;
  /** The moment when the rate allows the next bytes. */
  #freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when `bytes` more may be sent. */
  async pass(bytes: number): Promise<void> {
    const now = performance.now();
    const waitMs = this.#freeAtMs - now;
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / this.#bytesPerSecond) * 1_000;
    if (waitMs > 1) await sleep(waitMs);
  }
}
