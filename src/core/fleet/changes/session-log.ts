// The newest changes of client sessions, as numbers in arrays. Almost every write makes one, watched or not;
// here it costs a few numbers, and the garbage collector has nothing to trace. What must stay true: a change
// is read as it was appended, except for the session's opener. A reader below the floor learns that changes
// are missing (change-log.ts).

import { assert } from "../../base/assert.ts";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { RowChange } from "../state.ts";
import type { SessionRow } from "../tables/schema.ts";
import type { ChangeSet } from "./change-set.ts";

/** Index, session, last sequence, first outstanding, number of outcomes. */
const FIELDS = 5;
const FIRST_SIZE = 64;
/** Stands for the number of outcomes of a removed session. */
const REMOVED = -1;

export class SessionLog {
  #numbers = new Float64Array(FIRST_SIZE * FIELDS);
  #size = 0;
  #floor: LogIndex;
  readonly #keptMax: number;

  constructor(floor: LogIndex, keptMax: number) {
    assert(keptMax > 0, "a change is kept until the next one comes");
    this.#floor = floor;
    this.#keptMax = keptMax;
  }

  /** Changes above this index are available. */
  get floor(): LogIndex {
    return this.#floor;
  }

  /** The position after the last change. */
  get size(): number {
    return this.#size;
  }

  append(index: LogIndex, change: RowChange): void {
    assert(change.table === "sessions", "an entry changes its session last");
    assert(index >= (this.#indexAt(this.#size - 1) ?? this.#floor), "changes come in log order");
    if (this.#size === this.#keptMax) this.#forget();
    if (this.#size * FIELDS === this.#numbers.length) this.#grow();
    const { key, row } = change;
    assert(row === null || row.lastUsedIndex === index, "a session changes by being used");
    const at = this.#size * FIELDS;
    this.#numbers[at] = index;
    this.#numbers[at + 1] = key;
    this.#numbers[at + 2] = row?.lastSequence ?? 0;
    this.#numbers[at + 3] = row?.firstOutstanding ?? 0;
    this.#numbers[at + 4] = row?.outcomeCount ?? REMOVED;
    this.#size += 1;
  }

  /** The changes of one entry, whose first change is at this position; undefined after the last. */
  setAt(position: number): ChangeSet | undefined {
    const index = this.#indexAt(position);
    if (index === undefined) return undefined;
    const changes: RowChange[] = [];
    for (let at = position; this.#indexAt(at) === index; at += 1) changes.push(this.#changeAt(at));
    return { index, changes };
  }

  /** The position of the first change after `index`. */
  firstAfter(index: LogIndex): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#indexAt(middle) ?? 0) > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #indexAt(position: number): LogIndex | undefined {
    return position < 0 || position >= this.#size ? undefined : logIndex(this.#number(position, 0));
  }

  #changeAt(position: number): RowChange {
    const sessionId = this.#number(position, 1);
    const outcomeCount = this.#number(position, 4);
    if (outcomeCount === REMOVED) return { table: "sessions", key: sessionId, row: null };
    const row: SessionRow = {
      sessionId,
      lastUsedIndex: this.#number(position, 0),
      firstOutstanding: this.#number(position, 3),
      outcomeCount,
      lastSequence: this.#number(position, 2),
      openedBy: "",
    };
    return { table: "sessions", key: sessionId, row };
  }

  #number(position: number, field: number): number {
    return this.#numbers[position * FIELDS + field] ?? 0;
  }

  // A quarter at once, so that a full log is not moved at every write. If an entry loses its first change,
  // the rest of it is at the floor, where it is never read.
  #forget(): void {
    const drop = Math.ceil(this.#keptMax / 4);
    this.#floor = this.#indexAt(drop - 1) ?? this.#floor;
    this.#numbers.copyWithin(0, drop * FIELDS, this.#size * FIELDS);
    this.#size -= drop;
  }

  #grow(): void {
    const numbers = new Float64Array(Math.min(2 * this.#size, this.#keptMax) * FIELDS);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
