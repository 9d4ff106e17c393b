// The tail of the log that stable storage does not have yet: perhaps a received snapshot, then entries from
// `offset` on. Entries that were handed out for writing are marked, so that they are handed out once. What
// must stay true: entries are contiguous; an entry is removed only when the same term of it became stable.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term } from "../base/ids.ts";
import type { Entry, Snapshot } from "./message.ts";

export class Unstable {
  #snapshot: Snapshot | null = null;
  #entries: Entry[] = [];
  /** Index of the first unstable entry, present or future. */
  #offset: LogIndex;
  #isSnapshotHandedOut = false;
  /** Entries below this index were handed out. */
  #handedOutEnd: LogIndex;

  constructor(offset: LogIndex) {
    this.#offset = offset;
    this.#handedOutEnd = offset;
  }

  get offset(): LogIndex {
    return this.#offset;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get hasEntries(): boolean {
    return this.#entries.length > 0;
  }

  /** Null = the stable log's. */
  get lastIndex(): LogIndex | null {
    if (this.#entries.length > 0) return logIndex(this.#offset + this.#entries.length - 1);
    return this.#snapshot?.index ?? null;
  }

  /** Null = ask the stable log. */
  term(index: LogIndex): Term | null {
    if (index >= this.#offset) return this.#entries[index - this.#offset]?.term ?? null;
    return this.#snapshot?.index === index ? this.#snapshot.term : null;
  }

  nextEntries(): readonly Entry[] {
    return this.#entries.slice(this.#handedOutEnd - this.#offset);
  }

  nextSnapshot(): Snapshot | null {
    return this.#isSnapshotHandedOut ? null : this.#snapshot;
  }

  acceptHandedOut(): void {
    this.#handedOutEnd = logIndex(this.#offset + this.#entries.length);
    this.#isSnapshotHandedOut = this.#snapshot !== null;
  }

  /**
   * Stable storage reports the entry (index, term). If the entry has another term here, it was overwritten
   * meanwhile.
   */
  stableTo(index: LogIndex, term: Term): void {
    if (index < this.#offset || this.term(index) !== term) return;
    this.#entries.splice(0, index + 1 - this.#offset);
    this.#offset = logIndex(index + 1);
    this.#handedOutEnd = logIndex(Math.max(this.#handedOutEnd, this.#offset));
  }

  stableSnapshotTo(index: LogIndex): void {
    if (this.#snapshot?.index !== index) return;
    this.#snapshot = null;
    this.#isSnapshotHandedOut = false;
  }

  restore(snapshot: Snapshot): void {
    this.#offset = logIndex(snapshot.index + 1);
    this.#handedOutEnd = this.#offset;
    this.#entries = [];
    this.#snapshot = snapshot;
    this.#isSnapshotHandedOut = false;
  }

  truncateAndAppend(entries: readonly Entry[]): void {
    const from = entries[0]?.index;
    assert(from !== undefined, "something is appended");
    if (from <= this.#offset) {
      this.#entries = [...entries];
      this.#offset = from;
      this.#handedOutEnd = from;
      return;
    }
    assert(from <= this.#offset + this.#entries.length, "an append leaves no gap in the log");
    this.#entries.length = from - this.#offset;
    for (const entry of entries) this.#entries.push(entry);
    this.#handedOutEnd = logIndex(Math.min(this.#handedOutEnd, from));
  }

  /** Entries in [low, high), all of which are unstable. */
  slice(low: LogIndex, high: LogIndex): readonly Entry[] {
    assert(low >= this.#offset && high <= this.#offset + this.#entries.length, "the range is unstable");
    return this.#entries.slice(low - this.#offset, high - this.#offset);
  }
}
