// Time that passes when a test says so.

import type { WaitClock } from "../../../../src/core/base/wait-clock.ts";

export class TestClock implements WaitClock {
  #nowMs = 0;
  readonly #sleepers = new Set<{ readonly endMs: number; readonly wake: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper = {
        endMs: this.#nowMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.#sleepers].filter(({ endMs }) => endMs <= this.#nowMs);
    for (const { wake } of due.sort((a, b) => a.endMs - b.endMs)) wake();
  }
}
