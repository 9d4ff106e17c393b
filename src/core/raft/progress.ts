// What a leader knows of one follower's log, and how fast it may send. probe: one append at a time until the
// logs are known to agree. replicate: optimistically, within a window. snapshot: nothing until the follower
// reports. What must stay true: match < next; in replicate, everything in the window lies between them.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Inflights } from "./inflights.ts";

export type ProgressState = "probe" | "replicate" | "snapshot";

export class Progress {
  /** The last entry that the follower is known to store. */
  match: LogIndex;
  /** The next entry to send. */
  next: LogIndex;
  /** The highest commit index that was sent to the follower. */
  #sentCommit = logIndex(0);
  #state: ProgressState = "probe";
  #pendingSnapshot = logIndex(0);
  /** Whether the follower was heard since the last quorum check. */
  isRecentlyActive: boolean;
  isLearner: boolean;
  /**
   * Null, or where this leader's log ended when the follower acknowledged an entry behind that end. Since
   * then its acknowledgements do not count.
   */
  aheadOf: LogIndex | null = null;
  /** Whether appends wait for a response. */
  isFlowPaused = false;
  readonly inflights: Inflights;

  constructor(parts: {
    match: LogIndex;
    next: LogIndex;
    isLearner: boolean;
    isRecentlyActive: boolean;
    inflights: Inflights;
  }) {
    assert(parts.match < parts.next, "what is to be sent next is not known to be stored");
    this.match = parts.match;
    this.next = parts.next;
    this.isLearner = parts.isLearner;
    this.isRecentlyActive = parts.isRecentlyActive;
    this.inflights = parts.inflights;
  }

  get state(): ProgressState {
    return this.#state;
  }

  /** The snapshot that the follower is waiting for, 0 = none. */
  get pendingSnapshot(): LogIndex {
    return this.#pendingSnapshot;
  }

  get isPaused(): boolean {
    return this.#state === "snapshot" || this.isFlowPaused;
  }

  becomeProbe(): void {
    // After a snapshot the follower holds everything up to it, even if that was never acknowledged as an append.
    const known = this.#state === "snapshot" ? Math.max(this.match, this.#pendingSnapshot) : this.match;
    this.#enter("probe");
    this.next = logIndex(known + 1);
    this.#lowerSentCommit();
  }

  becomeReplicate(): void {
    this.#enter("replicate");
    this.next = logIndex(this.match + 1);
  }

  becomeSnapshot(index: LogIndex): void {
    this.#enter("snapshot");
    this.#pendingSnapshot = index;
    this.next = logIndex(index + 1);
    this.#sentCommit = index;
  }

  /** The snapshot did not arrive: probing starts from the last known match. */
  abandonSnapshot(): void {
    assert(this.#state === "snapshot", "only a pending snapshot is abandoned");
    this.#pendingSnapshot = logIndex(0);
    this.becomeProbe();
  }

  sentEntries(count: number, bytes: number): void {
    switch (this.#state) {
      case "probe":
        if (count > 0) this.isFlowPaused = true;
        return;
      case "replicate":
        if (count > 0) {
          this.next = logIndex(this.next + count);
          this.inflights.add(logIndex(this.next - 1), bytes);
        }
        this.isFlowPaused = this.inflights.isFull;
        return;
      case "snapshot":
        assert(false, "nothing is appended while a snapshot is pending");
    }
  }

  sentCommit(commit: LogIndex): void {
    this.#sentCommit = commit;
  }

  /** Whether sending `commit` would advance the follower's commit index. */
  wantsCommit(commit: LogIndex): boolean {
    return commit > this.#sentCommit && this.#sentCommit < this.next - 1;
  }

  /** The follower acknowledged `index`. False if that was known already, as with a late message. */
  update(index: LogIndex): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = logIndex(Math.max(this.next, index + 1));
    this.isFlowPaused = false;
    return true;
  }

  /** The follower refused the append after `rejected`. False if that refusal is out of date. */
  decreaseTo(rejected: LogIndex, hint: LogIndex): boolean {
    if (this.#state === "replicate") {
      if (rejected <= this.match) return false;
      this.next = logIndex(this.match + 1);
      this.#lowerSentCommit();
      return true;
    }
    if (rejected !== this.next - 1) return false;
    this.next = logIndex(Math.max(Math.min(rejected, hint + 1), this.match + 1));
    this.#lowerSentCommit();
    this.isFlowPaused = false;
    return true;
  }

  copy(): Progress {
    const copy = new Progress({
      match: this.match,
      next: this.next,
      isLearner: this.isLearner,
      isRecentlyActive: this.isRecentlyActive,
      inflights: this.inflights.copy(),
    });
    copy.#state = this.#state;
    copy.#sentCommit = this.#sentCommit;
    copy.#pendingSnapshot = this.#pendingSnapshot;
    copy.isFlowPaused = this.isFlowPaused;
    copy.aheadOf = this.aheadOf;
    return copy;
  }

  #enter(state: ProgressState): void {
    this.isFlowPaused = false;
    this.#pendingSnapshot = logIndex(0);
    this.#state = state;
    this.inflights.clear();
  }

  #lowerSentCommit(): void {
    this.#sentCommit = logIndex(Math.min(this.#sentCommit, this.next - 1));
  }
}
