// When entries reached this replica's log, and how long their commit took: this converts a lag in entries to
// a lag in time. What must stay true: memory is bounded however fast entries come, and nothing is decided
// here.

import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex } from "../../base/ids.ts";

interface Appended {
  /** The last index of a batch. */
  readonly index: LogIndex;
  readonly atMs: MonotonicMs;
}

interface Latency {
  readonly ms: number;
  readonly atMs: MonotonicMs;
}

const APPENDED_KEPT = 1_024;
const LATENCIES_KEPT = 512;
const LATENCY_WINDOW_MS = 10_000;

export interface CommitLatency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

export class CommitTimes {
  #appended: Appended[] = [];
  readonly #latencies: Latency[] = [];
  /** How many of `#appended` are committed. */
  #committed = 0;

  /** The log now ends at `index`. */
  appended(index: LogIndex, atMs: MonotonicMs): void {
    // A new leader replaces the end of a log (Raft §5.3).
    while ((this.#appended.at(-1)?.index ?? 0) >= index) this.#appended.pop();
    this.#committed = Math.min(this.#committed, this.#appended.length);
    this.#appended.push({ index, atMs });
    if (this.#appended.length > APPENDED_KEPT) this.#thin();
  }

  committed(index: LogIndex, atMs: MonotonicMs): void {
    for (;;) {
      const next = this.#appended[this.#committed];
      if (next === undefined || next.index > index) return;
      this.#committed += 1;
      this.#latencies.push({ ms: atMs - next.atMs, atMs });
      if (this.#latencies.length > LATENCIES_KEPT) this.#latencies.shift();
    }
  }

  /**
   * How long the oldest entry after `match` has been in the log; 0 = there is none. A lower bound if that
   * entry is not remembered.
   */
  lagMs(match: LogIndex, last: LogIndex, nowMs: MonotonicMs): number {
    if (match >= last) return 0;
    const oldest = this.#appended.find(({ index }) => index > match);
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.atMs);
  }

  /** In the last ten seconds; null = nothing was committed. */
  latency(nowMs: MonotonicMs): CommitLatency | null {
    const recent = this.#latencies.filter(({ atMs }) => nowMs - atMs <= LATENCY_WINDOW_MS);
    const sorted = recent.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const [medianMs, p99Ms] = [at(0.5), at(0.99)];
    return medianMs === undefined || p99Ms === undefined ? null : { medianMs, p99Ms };
  }

  /** Every second committed batch is merged into the next: an old lag is then less exact. */
  #thin(): void {
    const isKept = (_: Appended, at: number) => at >= this.#committed || at % 2 === 1;
    const kept = this.#appended.filter(isKept);
    const dropped = this.#appended.length - kept.length;
    // If nothing is committed, nothing can be merged: the oldest batch is dropped.
    this.#appended = dropped === 0 ? this.#appended.slice(1) : kept;
    this.#committed = Math.max(0, this.#committed - dropped);
  }
}
