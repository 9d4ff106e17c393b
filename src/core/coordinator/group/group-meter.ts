// Counts and times of a group's driver for operators. Nothing is decided here: a driver behaves the same
// without it. Batches are timed, not entries: applying one takes microseconds, and reading the clock twice
// would be a part of that.

import type { MonotonicMs } from "../../base/clock.ts";
import { Histogram, type HistogramSnapshot } from "../../base/histogram.ts";
import type { LogIndex, NodeId, Term } from "../../base/ids.ts";
import type { GroupHistory } from "./group-history.ts";
import type { ReignEnd } from "./reigns.ts";

const APPLY_BOUNDS_MS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000];
const SNAPSHOT_BOUNDS_MS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/** The last leader and its term. */
interface Reign {
  readonly leader: NodeId;
  readonly term: Term;
}

export class GroupMeter {
  readonly #now: () => MonotonicMs;
  /** Null: this group has none. */
  readonly history: GroupHistory | null;
  readonly #apply = new Histogram(APPLY_BOUNDS_MS);
  readonly #snapshotSave = new Histogram(SNAPSHOT_BOUNDS_MS);
  #reign: Reign | null = null;
  /** The highest term seen since a leader was first known: an existing log contains earlier elections. */
  #term: Term | null = null;
  #elections = 0;
  #leaderChanges = 0;

  constructor(now: () => MonotonicMs, history: GroupHistory | null = null) {
    this.#now = now;
    this.history = history;
  }

  get apply(): HistogramSnapshot {
    return this.#apply.snapshot();
  }

  get snapshotSave(): HistogramSnapshot {
    return this.#snapshotSave.snapshot();
  }

  get elections(): number {
    return this.#elections;
  }

  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  timeApply(apply: () => void): void {
    const began = this.#now();
    apply();
    this.#apply.record(Math.max(0, this.#now() - began));
  }

  /** Counts the time until the returned function is called. */
  beginSnapshot(): () => void {
    const began = this.#now();
    return () => this.#snapshotSave.record(Math.max(0, this.#now() - began));
  }

  /** This replica's log now ends at `index`. */
  appended(index: LogIndex): void {
    this.history?.commits.appended(index, this.#now());
  }

  committed(index: LogIndex): void {
    this.history?.commits.committed(index, this.#now());
  }

  /** To be called often. */
  look(commit: LogIndex, applied: LogIndex): void {
    this.history?.rates.look(commit, applied, this.#now());
  }

  /** An event that will end the present reign. */
  expectEnd(why: ReignEnd): void {
    this.history?.reigns.expect(why, this.#now());
  }

  /** `leader` 0 = none is known. `wasOwn`: this replica led until now. */
  saw(leader: NodeId, term: Term, wasOwn = false): void {
    this.history?.reigns.saw(leader, term, this.#now(), wasOwn);
    if (this.#term !== null && term > this.#term) {
      this.#elections += term - this.#term;
      this.#term = term;
    }
    if (leader === 0 || this.#reign?.term === term) return;
    if (this.#reign !== null) this.#leaderChanges += 1;
    this.#reign = { leader, term };
    this.#term ??= term;
  }
}
