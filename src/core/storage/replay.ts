// One group's state after its log records are replayed in order. Pure. What must stay true: terms, commits
// and marks never decrease, and the entries are contiguous from the newest snapshot mark on. A gap below that
// mark is fine. The segments with the missing entries were removed once the snapshot covered them, and the
// mark is in a later record.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Entry, HardState } from "../raft/message.ts";
import type { SnapshotMark, WalRecord } from "./record.ts";

export interface ReplayedGroup {
  readonly hardState: HardState | null;
  readonly mark: SnapshotMark | null;
  /** Contiguous; the first one follows the mark (index 1 without a mark). */
  readonly entries: readonly Entry[];
}

export class GroupReplay {
  #hardState: HardState | null = null;
  #mark: SnapshotMark | null = null;
  /** The index before the first of `#entries`. */
  #base = 0;
  #entries: Entry[] = [];

  /** Applies the next record of this group; asserts what our writer guarantees. */
  apply(record: WalRecord): void {
    switch (record.kind) {
      case "entry":
        this.#append(record.entry);
        break;
      case "hard-state":
        this.#setHardState(record.hardState);
        break;
      case "snapshot-mark":
        this.#setMark(record.mark);
        break;
    }
  }

  /** The result once all records are replayed. */
  finish(): ReplayedGroup {
    const covered = this.#mark?.index ?? 0;
    assert(this.#base <= covered, `entries ${covered + 1} to ${this.#base} are missing from the log`);
    assert(this.#base === covered, "entries at or below the snapshot were dropped");
    const commit = this.#hardState?.commit ?? 0;
    assert(commit <= this.#last(), `commit index ${commit} is behind the last entry ${this.#last()}`);
    return { hardState: this.#committedToMark(), mark: this.#mark, entries: this.#entries };
  }

  #append(entry: Entry): void {
    if (entry.index <= (this.#mark?.index ?? 0)) return;
    if (entry.index > this.#last() + 1 || entry.index <= this.#base) this.#restart(logIndex(entry.index - 1));
    // Replaces everything from its index on: a leader's log overwrites a conflicting suffix (Raft §5.3).
    this.#entries.length = entry.index - 1 - this.#base;
    const before = this.#entries.at(-1);
    assert(before === undefined || before.term <= entry.term, "terms never decrease along the log");
    this.#entries.push(entry);
  }

  #setHardState(next: HardState): void {
    const now = this.#hardState;
    assert(now === null || next.term >= now.term, "the hard state's term never goes back");
    assert(now === null || next.commit >= now.commit, "the commit index never goes back");
    this.#hardState = next;
  }

  #setMark(mark: SnapshotMark): void {
    assert(mark.index >= (this.#mark?.index ?? 0), "snapshot marks never go back");
    const own = mark.restartsLog ? undefined : this.#entries[mark.index - this.#base - 1];
    assert(own === undefined || own.term === mark.term, "a snapshot of our own log has its entry's term");
    if (mark.restartsLog || mark.index >= this.#last()) {
      this.#restart(mark.index);
    } else if (mark.index > this.#base) {
      this.#entries.splice(0, mark.index - this.#base);
      this.#base = mark.index;
    }
    this.#mark = mark;
  }

  #restart(base: LogIndex): void {
    this.#entries = [];
    this.#base = base;
  }

  #last(): number {
    return this.#base + this.#entries.length;
  }

  // With asynchronous storage writes an entry may be applied and included in a snapshot before the hard state
  // that commits it is durable. All entries in a snapshot are committed, so the mark may raise the commit
  // index.
  #committedToMark(): HardState | null {
    const now = this.#hardState;
    if (now === null || this.#mark === null || now.commit >= this.#mark.index) return now;
    return { ...now, commit: this.#mark.index };
  }
}
