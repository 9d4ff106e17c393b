// How long the disk takes to make a frame durable: its write and its sync. Measured since the process
// started, over the last minute, and since the observer's last call. A frame that is still being written
// counts too, because a disk may hang for ever.

import { assert } from "../base/assert.ts";
import { addUp, Histogram, type HistogramSnapshot, quantile } from "../base/histogram.ts";

const BOUNDS_MS = [
  ...[0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 100, 150, 200, 300, 450, 700],
  ...[1_000, 1_500, 2_500, 5_000, 10_000, 30_000],
];
const SLICE_MS = 10_000;
const SLICES = 6;

/** Measured since the last call. */
export interface SyncSight {
  /** Null when no frame was finished. */
  readonly medianMs: number | null;
  /** How long the current frame has taken so far; 0 without one. */
  readonly underWayMs: number;
}

interface Slice {
  readonly startMs: number;
  readonly histogram: Histogram;
}

export class SyncLatency {
  readonly #now: () => number;
  readonly #total = new Histogram(BOUNDS_MS);
  /** Oldest first. */
  #slices: Slice[] = [];
  #sinceLook = new Histogram(BOUNDS_MS);
  #beganMs: number | null = null;

  /** `now` is in milliseconds since an arbitrary moment, and never decreases. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Only one frame is written at a time. */
  begin(): void {
    assert(this.#beganMs === null, "the frame before has ended");
    this.#beganMs = this.#now();
  }

  /** Returns how long it took. */
  end(): number {
    const [beganMs, now] = [this.#beganMs, this.#now()];
    assert(beganMs !== null, "what ends has begun");
    this.#beganMs = null;
    const ms = now - beganMs;
    for (const histogram of [this.#total, this.#sinceLook, this.#slice(now)]) histogram.record(ms);
    return ms;
  }

  get underWayMs(): number {
    return this.#beganMs === null ? 0 : this.#now() - this.#beganMs;
  }

  /** Since the process started. */
  total(): HistogramSnapshot {
    return this.#total.snapshot();
  }

  lastMinute(): HistogramSnapshot {
    this.#forget(this.#now());
    const none = new Histogram(BOUNDS_MS).snapshot();
    return this.#slices.map(({ histogram }) => histogram.snapshot()).reduce(addUp, none);
  }

  /** For one observer that calls repeatedly. */
  look(): SyncSight {
    const medianMs = quantile(this.#sinceLook.snapshot(), 0.5);
    this.#sinceLook = new Histogram(BOUNDS_MS);
    return { medianMs, underWayMs: this.underWayMs };
  }

  #slice(now: number): Histogram {
    const newest = this.#slices.at(-1);
    if (newest !== undefined && now < newest.startMs + SLICE_MS) return newest.histogram;
    this.#forget(now);
    const histogram = new Histogram(BOUNDS_MS);
    this.#slices.push({ startMs: now, histogram });
    return histogram;
  }

  #forget(now: number): void {
    this.#slices = this.#slices.filter(({ startMs }) => now < startMs + SLICES * SLICE_MS);
  }
}
