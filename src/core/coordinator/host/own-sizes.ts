// The sizes of this replica's log, snapshot and process, for operators. What must stay true: asking never
// waits, because the disk may hang; the answer may be some seconds old.

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";

export interface Sizes {
  readonly logBytes: number;
  readonly snapshotBytes: number;
  readonly residentBytes: number;
  /** Processor time since the process started. */
  readonly processorMs: number;
}

export interface SizesOptions {
  readonly now: () => MonotonicMs;
  readonly logBytes: () => number;
  /** Null = there is no snapshot. */
  readonly snapshotBytes: () => Promise<number | null>;
  readonly process: () => Pick<Sizes, "residentBytes" | "processorMs">;
  readonly onError: (error: unknown) => void;
}

const FRESH_MS = 5_000;

export class OwnSizes {
  readonly #options: SizesOptions;
  #snapshotBytes = 0;
  /** When the snapshot was checked last. */
  #lookedMs: MonotonicMs | null = null;
  #isLooking = false;

  constructor(options: SizesOptions) {
    this.#options = options;
  }

  now(): Sizes {
    this.#look();
    const { logBytes, process } = this.#options;
    return { logBytes: logBytes(), snapshotBytes: this.#snapshotBytes, ...process() };
  }

  #look(): void {
    const { now, snapshotBytes, onError } = this.#options;
    const isFresh = this.#lookedMs !== null && elapsedMs(this.#lookedMs, now()) < FRESH_MS;
    if (isFresh || this.#isLooking) return;
    this.#isLooking = true;
    const done = () => {
      this.#lookedMs = now();
      this.#isLooking = false;
    };
    snapshotBytes()
      .then((bytes) => {
        this.#snapshotBytes = bytes ?? 0;
      }, onError)
      .finally(done);
  }
}

export const ownProcess = (): Pick<Sizes, "residentBytes" | "processorMs"> => {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), processorMs: Math.round((user + system) / 1_000) };
};
