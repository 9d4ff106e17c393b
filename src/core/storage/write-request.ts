// What a write does to a group's log in memory, and as which records it goes to disk. The assertions are the
// promises of Raft's persistent state: whoever breaks one has a bug, and the node stops before the disk learns of it.

import { assert } from "../base/assert.ts";
import type { GroupId } from "../base/ids.ts";
import type { HardState, Snapshot } from "../raft/message.ts";
import type { Urgency } from "./append-queue.ts";
import type { MemoryLog } from "./memory.ts";
import type { WalRecord } from "./record.ts";
import type { WriteRequest } from "./storage.ts";

export function applyToLog(log: MemoryLog, { snapshot, entries, hardState }: WriteRequest): void {
  if (snapshot !== null) {
    const isNew = log.applySnapshot(snapshot);
    assert(isNew, "a received snapshot is newer than the stored one");
  }
  log.append(entries);
  if (hardState === null) return;
  checkHardState(log.initialState().hardState, hardState);
  assert(hardState.commit <= log.lastIndex(), "the commit index names an entry that is there");
  log.setHardState(hardState);
}

/**
 * Term, vote and entries are promises, and a promise is synced. A commit index that moves alone is none: whoever
 * forgets it hears it again, and until then runs under an older configuration. That is by one step at most, so that
 * its quorums still overlap the others': a leader proposes a change once it has applied the one before, and so sends
 * its entry with a commit index that covers that one, which is in the same frame as the entry or in an earlier one.
 */
export function urgencyOf(log: MemoryLog, { snapshot, entries, hardState }: WriteRequest): Urgency {
  if (snapshot !== null || entries.length > 0) return "sync";
  const now = log.initialState().hardState;
  return hardState === null || (hardState.term === now.term && hardState.vote === now.vote) ? "ride" : "sync";
}

/** In the order in which recovery must see them: a snapshot voids what came before it. */
export function recordsOf({ group, snapshot, entries, hardState }: WriteRequest): readonly WalRecord[] {
  return [
    ...(snapshot ? [markRecord(group, snapshot, true)] : []),
    ...entries.map((entry) => ({ kind: "entry" as const, group, entry })),
    ...(hardState ? [{ kind: "hard-state" as const, group, hardState }] : []),
  ];
}

export function markRecord(group: GroupId, snapshot: Snapshot, restartsLog: boolean): WalRecord {
  return { kind: "snapshot-mark", group, mark: { index: snapshot.index, term: snapshot.term, restartsLog } };
}

function checkHardState(now: HardState, next: HardState): void {
  assert(next.term >= now.term, "the hard state's term never goes back");
  assert(next.commit >= now.commit, "the commit index never goes back");
  // At most one vote a term (Raft §5.2).
  assert(
    next.term > now.term || now.vote === 0 || next.vote === now.vote,
    "a vote is not changed within its term",
  );
}
