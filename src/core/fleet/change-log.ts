// The newest changes of the tables, by log index, for those who watch. Every replica applies the same entries, so all
// of them hold the same changes at the same index, and a watcher may go on at another replica where it was.
// What must stay true: a reader gets every change after its index, or is told that some are gone; never a part.
// Deliberately absent: durability. After a restart a replica knows what came after its snapshot.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { RowChange } from "./state.ts";

/**
 * Half an hour of a large fleet's steady changes. A burst may be more, and a watcher that does not keep up with it
 * lists anew; with its replaced rows a kept change costs up to 200 bytes.
 */
const CHANGES_KEPT = 50_000;

/** All changes of one log entry. */
export interface ChangeSet {
  readonly index: LogIndex;
  readonly changes: readonly RowChange[];
}

export class ChangeLog {
  #sets: ChangeSet[] = [];
  #kept = 0;
  /** Nothing at or below this index is known. */
  #floor: LogIndex;
  readonly #keptMax: number;

  constructor(floor: LogIndex = logIndex(0), keptMax = CHANGES_KEPT) {
    this.#floor = floor;
    this.#keptMax = keptMax;
  }

  /** Changes above this index are known. */
  get floor(): LogIndex {
    return this.#floor;
  }

  append(index: LogIndex, changes: readonly RowChange[]): void {
    assert(index > (this.#sets.at(-1)?.index ?? this.#floor), "changes come in log order");
    if (changes.length === 0) return;
    this.#sets.push({ index, changes });
    this.#kept += changes.length;
    // A quarter at once, so that a full log is not moved about at every entry.
    if (this.#kept > this.#keptMax) this.#forget(this.#keptMax * 0.75);
  }

  /** The changes after `index`, at most about `limit` of them, whole entries only; null if some of them are gone. */
  after(index: LogIndex, limit: number): readonly ChangeSet[] | null {
    if (index < this.#floor) return null;
    const found: ChangeSet[] = [];
    let count = 0;
    for (let at = this.#firstAfter(index); at < this.#sets.length && count < limit; at += 1) {
      const set = this.#sets[at];
      if (set === undefined) break;
      found.push(set);
      count += set.changes.length;
    }
    return found;
  }

  #forget(keep: number): void {
    let drop = 0;
    while (this.#kept > keep && drop < this.#sets.length - 1) {
      const set = this.#sets[drop];
      if (set === undefined) break;
      this.#kept -= set.changes.length;
      this.#floor = set.index;
      drop += 1;
    }
    this.#sets = this.#sets.slice(drop);
  }

  #firstAfter(index: LogIndex): number {
    let low = 0;
    let high = this.#sets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sets[middle]?.index ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
