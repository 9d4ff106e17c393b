// One replica's view of its log. It has a stable part, read through LogReader, and an unstable tail. It knows
// up to where entries are committed, handed out for applying, and applied. What must stay true: applied <=
// applying <= committed <= lastIndex, and none of them ever decreases.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term, term as termOf } from "../base/ids.ts";
import { encodedBytesOf, limitBytes } from "./entry-size.ts";
import type { LogReader, Unreadable } from "./log-reader.ts";
import type { Entry, Snapshot } from "./message.ts";
import { Unstable } from "./unstable.ts";

/**
 * Index and term of an entry. By the log matching property they identify the whole log up to it (Raft §5.3).
 */
export interface EntryId {
  readonly term: Term;
  readonly index: LogIndex;
}

export class RaftLog {
  readonly unstable: Unstable;
  readonly #stable: LogReader;
  readonly #applyingBytesMax: number;
  #committed: LogIndex;
  #applying: LogIndex;
  #applied: LogIndex;
  /** Encoded bytes handed out for applying and not yet applied. */
  #applyingBytes = 0;
  #isApplyingPaused = false;

  constructor(stable: LogReader, applyingBytesMax: number) {
    this.#stable = stable;
    this.#applyingBytesMax = applyingBytesMax;
    this.unstable = new Unstable(logIndex(stable.lastIndex() + 1));
    this.#committed = logIndex(stable.firstIndex() - 1);
    this.#applying = this.#committed;
    this.#applied = this.#committed;
  }

  get committed(): LogIndex {
    return this.#committed;
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  get firstIndex(): LogIndex {
    const snapshot = this.unstable.snapshot;
    return snapshot === null ? this.#stable.firstIndex() : logIndex(snapshot.index + 1);
  }

  get lastIndex(): LogIndex {
    return this.unstable.lastIndex ?? this.#stable.lastIndex();
  }

  get lastEntry(): EntryId {
    const index = this.lastIndex;
    const term = this.term(index);
    assert(typeof term === "number", "the last entry's term is known");
    return { term, index };
  }

  /** Also known for firstIndex - 1, which the snapshot covers. */
  term(index: LogIndex): Term | Unreadable {
    const unstable = this.unstable.term(index);
    if (unstable !== null) return unstable;
    if (index + 1 < this.firstIndex) return "compacted";
    if (index > this.lastIndex) return "unavailable";
    return this.#stable.term(index);
  }

  matches(entry: EntryId): boolean {
    return this.term(entry.index) === entry.term;
  }

  /** The voter's rule: the later last term wins. Among equal terms the longer log wins (Raft §5.4.1). */
  isUpToDate(candidate: EntryId): boolean {
    const own = this.lastEntry;
    return candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index);
  }

  /** A leader's own entries at the end of the log. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    assert(first.index > this.#committed, "a committed entry is never replaced");
    this.unstable.truncateAndAppend(entries);
  }

  /**
   * Appends the entries that follow `previous` in a leader's log. Null if the logs do not agree at `previous`
   * (Raft §5.3).
   */
  appendAfter(previous: EntryId, entries: readonly Entry[]): LogIndex | null {
    if (!this.matches(previous)) return null;
    const firstNew = entries.findIndex((entry) => !this.matches(entry));
    if (firstNew !== -1) this.append(entries.slice(firstNew));
    return logIndex(previous.index + entries.length);
  }

  commitTo(index: LogIndex): void {
    if (index <= this.#committed) return;
    assert(index <= this.lastIndex, "what is committed is in the log; if not, this replica has lost entries");
    this.#committed = index;
  }

  /**
   * The largest index, at most `index`, that may match an entry of `term` at another replica. Terms ascend
   * along a log, so all entries of later terms can be skipped at once. Term 0 means that the term is unknown
   * here, so it may match.
   */
  lastIndexWithin(index: LogIndex, term: Term): EntryId {
    for (let candidate = index; candidate > 0; candidate = logIndex(candidate - 1)) {
      const own = this.term(candidate);
      if (typeof own !== "number") return { index: candidate, term: termOf(0) };
      if (own <= term) return { index: candidate, term: own };
    }
    return { index: logIndex(0), term: termOf(0) };
  }

  /** Entries from `low` on, cut to `bytesMax` but at least one. */
  entriesFrom(low: LogIndex, bytesMax: number): readonly Entry[] | "compacted" {
    if (low > this.lastIndex) return [];
    return this.#slice(low, logIndex(this.lastIndex + 1), bytesMax);
  }

  /** Whether an entry in [low, high) satisfies the predicate. */
  some(low: LogIndex, high: LogIndex, bytesMax: number, predicate: (entry: Entry) => boolean): boolean {
    for (let from = low; from < high; ) {
      const page = this.#slice(from, high, bytesMax);
      assert(page !== "compacted" && page.length > 0, "entries not yet applied are not compacted");
      if (page.some(predicate)) return true;
      from = logIndex(from + page.length);
    }
    return false;
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    if (this.#isApplyingPaused || this.unstable.snapshot !== null) return false;
    return this.#applying < this.#appliableIndex(allowUnstable);
  }

  /** The entries to apply next. `allowUnstable`: includes committed entries that are not yet written here. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const bytesLeft = this.#applyingBytesMax - this.#applyingBytes;
    assert(bytesLeft > 0, "applying is paused when its limit is reached");
    const low = logIndex(this.#applying + 1);
    const high = logIndex(this.#appliableIndex(allowUnstable) + 1);
    const entries = this.#slice(low, high, bytesLeft);
    assert(entries !== "compacted", "entries not yet applied are not compacted");
    return entries;
  }

  /** The entries that `nextCommitted` gave are being applied. */
  acceptApplying(entries: readonly Entry[], allowUnstable: boolean): void {
    const last = entries.at(-1);
    assert(last !== undefined && last.index <= this.#committed, "only committed entries are applied");
    this.#applying = last.index;
    this.#applyingBytes += encodedBytesOf(entries);
    const wasCut = last.index < this.#appliableIndex(allowUnstable);
    this.#isApplyingPaused = this.#applyingBytes >= this.#applyingBytesMax || wasCut;
  }

  /** `bytes`: encoded size of the entries that became applied with this call. */
  appliedTo(index: LogIndex, bytes: number): void {
    assert(index <= this.#committed, "only committed entries are applied");
    assert(index >= this.#applied, "the applied index never decreases");
    this.#applied = index;
    this.#applying = logIndex(Math.max(this.#applying, index));
    this.#applyingBytes = Math.max(this.#applyingBytes - bytes, 0);
    this.#isApplyingPaused = this.#applyingBytes >= this.#applyingBytesMax;
  }

  /** A received snapshot replaces the log; all entries that it covers are committed. */
  restore(snapshot: Snapshot): void {
    assert(snapshot.index > this.#committed, "a snapshot never takes back what is committed");
    this.#committed = snapshot.index;
    this.unstable.restore(snapshot);
  }

  /** The newest snapshot for a follower; one just received takes precedence over the stored one. */
  snapshot(): Snapshot | "unavailable" {
    return this.unstable.snapshot ?? this.#stable.snapshot();
  }

  #appliableIndex(allowUnstable: boolean): LogIndex {
    return allowUnstable ? this.#committed : logIndex(Math.min(this.#committed, this.unstable.offset - 1));
  }

  #slice(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | "compacted" {
    if (low < this.firstIndex) return "compacted";
    assert(low <= high && high <= this.lastIndex + 1, "the range is within the log");
    const offset = this.unstable.offset;
    if (low >= offset) return limitBytes(this.unstable.slice(low, high), bytesMax);

    const cut = logIndex(Math.min(high, offset));
    const stable = this.#stable.entries(low, cut, bytesMax);
    if (stable === "compacted") return stable;
    assert(stable !== "unavailable", "what is not unstable is stable");
    if (high <= offset || stable.length < cut - low) return stable;

    const bytesLeft = bytesMax - encodedBytesOf(stable);
    if (bytesLeft <= 0) return stable;
    const unstable = limitBytes(this.unstable.slice(offset, high), bytesLeft);
    const fits = unstable.length > 1 || encodedBytesOf(unstable) <= bytesLeft;
    return fits ? [...stable, ...unstable] : stable;
  }
}
