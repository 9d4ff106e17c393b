// No more than so many bytes a second, for all that share the limit together: snapshots for followers leave room for what
// the quorum waits for.

import { setTimeout as sleep } from "node:timers/promises";

export class RateLimit {
  readonly #bytesPerSecond: number;
  /** When what was let through has had its time. */
  #freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when so many more bytes may go. */
  async pass(bytes: number): Promise<void> {
    const now = performance.now();
    const waitMs = this.#freeAtMs - now;
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / this.#bytesPerSecond) * 1_000;
    if (waitMs > 1) await sleep(waitMs);
  }
}
