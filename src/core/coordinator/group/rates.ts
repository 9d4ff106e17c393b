// How many entries a second are committed and applied here, over the last five seconds.

import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex } from "../../base/ids.ts";

interface Sample {
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly atMs: MonotonicMs;
}

const SAMPLE_EVERY_MS = 500;
const SAMPLES_KEPT = 11;

export interface PerSecond {
  readonly commits: number;
  readonly applies: number;
}

export class Rates {
  readonly #samples: Sample[] = [];

  /** To be called often; most calls do nothing. */
  look(commit: LogIndex, applied: LogIndex, atMs: MonotonicMs): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < SAMPLE_EVERY_MS) return;
    this.#samples.push({ commit, applied, atMs });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
  }

  perSecond(): PerSecond {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || first === last) return { commits: 0, applies: 0 };
    const seconds = (last.atMs - first.atMs) / 1_000;
    // A snapshot moves both by more than this replica did.
    const rate = (from: number, to: number) => Math.max(0, to - from) / seconds;
    return { commits: rate(first.commit, last.commit), applies: rate(first.applied, last.applied) };
  }
}
