// A stable log held in memory. It is the storage of unit tests and the conformance driver, and the read cache
// of the disk implementation. A dummy entry (index and term) stands for all compacted entries. What must stay
// true: entries are contiguous from the dummy on. Deliberately absent: durability.

import { assert, present } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term, term as termOf } from "../base/ids.ts";
import { onlyVoters } from "../base/only-voters.ts";
import { limitBytes } from "../raft/entry-size.ts";
import type { LogReader, Unreadable } from "../raft/log-reader.ts";
import {
  type ConfState,
  type Entry,
  type HardState,
  NO_NODE,
  type Snapshot,
  type SnapshotHead,
} from "../raft/message.ts";

const EMPTY_SNAPSHOT: Snapshot = {
  index: logIndex(0),
  term: termOf(0),
  confState: onlyVoters([]),
  data: new Uint8Array(0),
};

const EMPTY_HARD_STATE: HardState = { term: termOf(0), vote: NO_NODE, commit: logIndex(0) };

export class MemoryLog implements LogReader {
  #dummy: { readonly index: LogIndex; readonly term: Term } = EMPTY_SNAPSHOT;
  #entries: Entry[] = [];
  #snapshot: SnapshotHead = EMPTY_SNAPSHOT;
  /** The data, or a function that fetches them. */
  #snapshotData: Snapshot["data"] | (() => void) = EMPTY_SNAPSHOT.data;
  #hardState = EMPTY_HARD_STATE;

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.confState };
  }

  firstIndex(): LogIndex {
    return logIndex(this.#dummy.index + 1);
  }

  lastIndex(): LogIndex {
    return logIndex(this.#dummy.index + this.#entries.length);
  }

  term(index: LogIndex): Term | Unreadable {
    if (index < this.#dummy.index) return "compacted";
    if (index === this.#dummy.index) return this.#dummy.term;
    return this.#at(index)?.term ?? "unavailable";
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | Unreadable {
    assert(low <= high, "a range of entries does not run backwards");
    if (low <= this.#dummy.index) return "compacted";
    if (high > this.lastIndex() + 1) return "unavailable";
    return limitBytes(this.#entries.slice(this.#position(low), this.#position(high)), bytesMax);
  }

  snapshot(): Snapshot | "unavailable" {
    const data = this.#snapshotData;
    if (typeof data !== "function") return { ...this.#snapshot, data };
    data();
    return "unavailable";
  }

  /** The head of the newest snapshot, wherever its data are. */
  get snapshotHead(): SnapshotHead {
    return this.#snapshot;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /**
   * A snapshot made locally from the applied state. It replaces the stored one and leaves the entries alone.
   */
  setSnapshot({ data, ...head }: Snapshot): void {
    this.#snapshot = head;
    this.#snapshotData = data;
  }

  /**
   * The same, with its data on disk: each request for them calls `fetch`, until `bringSnapshot` brings them.
   */
  evictSnapshot(head: SnapshotHead, fetch: () => void): void {
    this.#snapshot = head;
    this.#snapshotData = fetch;
  }

  /** The data of the snapshot at `index` were fetched. If it is not the newest any more, they are ignored. */
  bringSnapshot(index: LogIndex, data: Snapshot["data"]): void {
    if (index === this.#snapshot.index) this.#snapshotData = data;
  }

  /** Replaces everything from the first new entry on. Entries that are compacted already are skipped. */
  append(entries: readonly Entry[]): void {
    const fresh = entries.filter((entry) => entry.index > this.#dummy.index);
    const first = fresh[0];
    if (first === undefined) return;
    assert(first.index <= this.lastIndex() + 1, "an append leaves no gap in the log");
    this.#entries.length = this.#position(first.index);
    for (const entry of fresh) {
      assert(entry.index === this.lastIndex() + 1, "appended entries are contiguous");
      this.#entries.push(entry);
    }
  }

  /** Removes entries up to and including `through`. False if they are removed already. */
  compact(through: LogIndex): boolean {
    if (through <= this.#dummy.index) return false;
    const last = present(this.#at(through), "only existing entries are compacted");
    this.#entries = this.#entries.slice(this.#position(logIndex(through + 1)));
    this.#dummy = { index: last.index, term: last.term };
    return true;
  }

  /** A snapshot received from a leader replaces the whole log. False if a stored snapshot is as new. */
  applySnapshot(snapshot: Snapshot): boolean {
    if (this.#snapshot.index !== 0 && this.#snapshot.index >= snapshot.index) return false;
    this.setSnapshot(snapshot);
    this.#dummy = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
    return true;
  }

  #position(index: LogIndex): number {
    return index - this.#dummy.index - 1;
  }

  #at(index: LogIndex): Entry | undefined {
    return this.#entries[this.#position(index)];
  }
}
