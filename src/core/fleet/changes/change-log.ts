// The newest changes of the tables, by log index, for watchers. Every replica applies the same entries, so all have the
// same changes at the same index. A watcher may continue at another replica. What must stay true: a reader gets every
// change after its index, or learns that some are missing; never only a part. Almost every write changes a client
// session, even a refused one. Those changes are kept apart (session-log.ts), so that they displace no others.
// Deliberately absent: durability. After a restart a replica has the changes since its snapshot.

import { assert, present } from "../../base/assert.ts";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { RowChange } from "../state.ts";
import type { ChangeSet } from "./change-set.ts";
import { SessionLog } from "./session-log.ts";

/**
 * Half an hour of a large fleet's steady changes. A burst may be larger: a watcher that is too slow lists
 * again. With its replaced rows a kept change costs up to 200 bytes.
 */
const CHANGES_KEPT = 50_000;
/** Half an hour of a large fleet's steady writes. */
const SESSION_CHANGES_KEPT = 20_000;

export class ChangeLog {
  #sets: ChangeSet[] = [];
  #kept = 0;
  /** Changes at or below this index are not available. */
  #floor: LogIndex;
  readonly #keptMax: number;
  readonly #sessions: SessionLog;

  constructor(
    floor: LogIndex = logIndex(0),
    keptMax = CHANGES_KEPT,
    sessionChangesKeptMax = SESSION_CHANGES_KEPT,
  ) {
    this.#floor = floor;
    this.#keptMax = keptMax;
    this.#sessions = new SessionLog(floor, sessionChangesKeptMax);
  }

  /** Changes above this index are available; for sessions perhaps fewer. */
  get floor(): LogIndex {
    return this.#floor;
  }

  append(index: LogIndex, changes: readonly RowChange[]): void {
    assert(index > (this.#sets.at(-1)?.index ?? this.#floor), "changes come in log order");
    const end = changes.findIndex(({ table }) => table === "sessions");
    // The copy has no spare room, unlike a list that grew change by change.
    const others = changes.slice(0, end === -1 ? changes.length : end);
    for (let at = others.length; at < changes.length; at += 1) {
      this.#sessions.append(index, present(changes[at], "it is within the list"));
    }
    if (others.length === 0) return;
    this.#sets.push({ index, changes: others });
    this.#kept += others.length;
    // A quarter at once, so that a full log is not moved at every entry.
    if (this.#kept > this.#keptMax) this.#forget(this.#keptMax * 0.75);
  }

  /**
   * The changes after `index`, at most about `limit` of them, complete entries only; null if some of them are
   * missing. Changes of sessions only if wanted.
   */
  after(index: LogIndex, limit: number, withSessions = false): readonly ChangeSet[] | null {
    if (index < this.#floor || (withSessions && index < this.#sessions.floor)) return null;
    const found: ChangeSet[] = [];
    let count = 0;
    let at = this.#firstAfter(index);
    let session = withSessions ? this.#sessions.firstAfter(index) : this.#sessions.size;
    while (count < limit) {
      const others = this.#sets[at];
      const sessions = this.#sessions.setAt(session);
      const set = earlier(others, sessions);
      if (set === undefined) break;
      if (others?.index === set.index) at += 1;
      if (sessions?.index === set.index) session += sessions.changes.length;
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

/** For the same entry both: it changes its session last. */
function earlier(others: ChangeSet | undefined, sessions: ChangeSet | undefined): ChangeSet | undefined {
  if (others === undefined || sessions === undefined) return others ?? sessions;
  if (others.index !== sessions.index) return others.index < sessions.index ? others : sessions;
  return { index: others.index, changes: [...others.changes, ...sessions.changes] };
}
