// What a write changes in a group's log in memory, and which records it adds on disk. The assertions are the
// promises of Raft's persistent state. A caller that breaks one has a bug, and the node stops before the disk
// is changed.

import { assert } from "../base/assert.ts";
import { type GroupId, type LogIndex, logIndex } from "../base/ids.ts";
import type { HardState, SnapshotHead } from "../raft/message.ts";
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
 * Term, vote and entries are promises, and promises are synced. A commit index that moves alone is not one: a
 * replica that forgets it learns it again. The exception is a commit index that covers a configuration
 * change. Replicas that all forgot such a change would need the quorum of a configuration whose members may
 * be gone for good.
 */
export function urgencyOf(log: MemoryLog, { snapshot, entries, hardState }: WriteRequest): Urgency {
  if (snapshot !== null || entries.length > 0) return "sync";
  if (hardState === null) return "ride";
  const now = log.initialState().hardState;
  const isPromise = hardState.term !== now.term || hardState.vote !== now.vote;
  return isPromise || coversChange(log, now.commit, hardState.commit) ? "sync" : "ride";
}

/** Whether an entry behind `after`, up to `through`, changes the configuration. */
function coversChange(log: MemoryLog, after: LogIndex, through: LogIndex): boolean {
  const low = logIndex(Math.max(after + 1, log.firstIndex()));
  const high = logIndex(Math.max(low, Math.min(through, log.lastIndex()) + 1));
  const entries = log.entries(low, high, Number.MAX_SAFE_INTEGER);
  assert(typeof entries !== "string", "what is neither compacted nor missing can be read");
  return entries.some(({ type }) => type !== "normal");
}

/** In the order that recovery needs: a snapshot voids all records before it. */
export function recordsOf({ group, snapshot, entries, hardState }: WriteRequest): readonly WalRecord[] {
  return [
    ...(snapshot ? [markRecord(group, snapshot, true)] : []),
    ...entries.map((entry) => ({ kind: "entry" as const, group, entry })),
    ...(hardState ? [{ kind: "hard-state" as const, group, hardState }] : []),
  ];
}

export function markRecord(group: GroupId, { index, term }: SnapshotHead, restartsLog: boolean): WalRecord {
  return { kind: "snapshot-mark", group, mark: { index, term, restartsLog } };
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
