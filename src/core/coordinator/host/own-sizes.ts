// The sizes of this replica's log, snapshot, disk and process, for operators. What must stay true: asking never
// waits, because the disk may hang; the answer may be some seconds old. A hanging disk holds one thread of Node's pool.

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";
import type { DiskRoom } from "../../base/disk-room.ts";

export interface Sizes {
  readonly logBytes: number;
  readonly snapshotBytes: number;
  /** Undefined until the disk has answered. */
  readonly diskRoom: DiskRoom | undefined;
  readonly residentBytes: number;
  /** Processor time since the process started. */
  readonly processorMs: number;
}

export interface SizesOptions {
  readonly now: () => MonotonicMs;
  readonly logBytes: () => number;
  /** Null = there is no snapshot. */
  readonly snapshotBytes: () => Promise<number | null>;
  readonly diskRoom: () => Promise<DiskRoom>;
  readonly process: () => Pick<Sizes, "residentBytes" | "processorMs">;
  /** `looking` names what failed. */
  readonly onError: (error: unknown, looking: string) => void;
}

const FRESH_MS = 5_000;

export class OwnSizes {
  readonly #options: SizesOptions;
  #snapshotBytes = 0;
  #diskRoom: DiskRoom | undefined;
  /** When the disk was asked last. */
  #lookedMs: MonotonicMs | null = null;
  #isLooking = false;

  constructor(options: SizesOptions) {
    this.#options = options;
  }

  now(): Sizes {
    this.#look();
    const { logBytes, process } = this.#options;
    const ofDisk = { snapshotBytes: this.#snapshotBytes, diskRoom: this.#diskRoom };
    return { logBytes: logBytes(), ...ofDisk, ...process() };
  }

  #look(): void {
    const { now } = this.#options;
    const isFresh = this.#lookedMs !== null && elapsedMs(this.#lookedMs, now()) < FRESH_MS;
    if (isFresh || this.#isLooking) return;
    this.#isLooking = true;
    const done = () => {
      this.#lookedMs = now();
      this.#isLooking = false;
    };
    this.#askDisk().finally(done);
  }

  /** One question after the other: each may wait in a thread. */
  async #askDisk(): Promise<void> {
    const { snapshotBytes, diskRoom, onError } = this.#options;
    await snapshotBytes().then(
      (bytes) => {
        this.#snapshotBytes = bytes ?? 0;
      },
      (error) => onError(error, "a look at the newest snapshot"),
    );
    await diskRoom().then(
      (room) => {
        this.#diskRoom = room;
      },
      (error) => onError(error, "a look at the free space"),
    );
  }
}

export const ownProcess = (): Pick<Sizes, "residentBytes" | "processorMs"> => {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), processorMs: Math.round((user + system) / 1_000) };
};
