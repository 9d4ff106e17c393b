// The one clock that tests give in place of a WaitClock.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { WaitClock } from "../../src/core/base/wait-clock.ts";

export class TestClock implements WaitClock {
  #nowMs = 0;
  readonly #movesBySleep: boolean;
  readonly #sleepers = new Set<{ readonly endMs: number; readonly wake: () => void }>();

  /** Stands still until the test advances it. */
  constructor(movesBySleep = false) {
    this.#movesBySleep = movesBySleep;
  }

  /** Moves whenever something sleeps on it, so each wait ends at once. */
  static movedBySleep(): TestClock {
    return new TestClock(true);
  }

  now(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#movesBySleep) {
      this.#nowMs += ms;
      // Lets other work of the same turn run, as a real sleep would.
      await nextTurn();
      return;
    }
    await new Promise<void>((resolve) => {
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

/** Lets time pass until the promise is settled. */
export async function settle<Value>(clock: TestClock, promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const done = () => {
    isSettled = true;
  };
  promise.then(done, done);
  for (let turn = 0; !isSettled; turn += 1) {
    if (turn > 50_000) throw new Error("it does not settle");
    await nextTurn();
    if (turn % 8 === 7) clock.advance(20);
  }
  return await promise;
}
