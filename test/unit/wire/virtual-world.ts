// Time that passes only when no task has work: sleepers wake in order, and a minute takes no time.

import { setImmediate as nextTurn } from "node:timers/promises";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { CallerWorld } from "../../../src/core/wire/leader/leader-caller.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

const IDLE_TURNS_MAX = 10_000;

export class VirtualWorld implements CallerWorld {
  #nowMs = 1_000;
  readonly #sleepers = new Set<Sleeper>();
  readonly #prng: SeededPrng;

  constructor(seed = 1) {
    this.#prng = new SeededPrng(seed);
  }

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { atMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  random(): number {
    return this.#prng.below(1_000) / 1_000;
  }

  /** Lets time pass until `promise` settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    watched.catch(() => undefined);
    for (let idleTurns = 0; ; ) {
      await nextTurn();
      if (isSettled) return watched;
      const next = [...this.#sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      // The promise may need turns of its own, but nothing in this world takes that many.
      if (next === undefined) idleTurns += 1;
      if (idleTurns > IDLE_TURNS_MAX)
        throw new Error("the promise waits for nothing that sleeps in this world");
      if (next === undefined) continue;
      idleTurns = 0;
      this.#sleepers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
  }
}
