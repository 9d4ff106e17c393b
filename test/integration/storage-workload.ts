// A fixed sequence of storage operations that covers everything that can happen to a log, and what the log holds after
// the first n operations. The process that is killed and the test that checks the rest share it.

import {
  FLEET_GROUP,
  type GroupId,
  groupId,
  type LogIndex,
  logIndex,
  nodeId,
  term,
} from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import type { LogReader } from "../../src/core/raft/log-reader.ts";
import type { ConfState, Entry, HardState, WholeSnapshot } from "../../src/core/raft/message.ts";
import { MemoryStorage } from "../../src/core/storage/memory-storage.ts";
import type { Storage, WriteRequest } from "../../src/core/storage/storage.ts";

export const IDENTITY = { clusterId: "c-kill", nodeId: nodeId(1) };
export const SEGMENT_BYTES = 8_192;

type Operation =
  | { readonly kind: "write"; readonly request: WriteRequest }
  | {
      readonly kind: "snapshot";
      readonly group: GroupId;
      readonly snapshot: WholeSnapshot;
      readonly compactThrough: LogIndex;
    };

/** Writes a little at first, and compacts it later, when it keeps the segments of the other. */
const IDLE_GROUP = groupId(9);
const ROUNDS = 5;
const IDLE_UNTIL_ROUND = 3;
const CONF_STATE: ConfState = onlyVoters([nodeId(1), nodeId(2), nodeId(3)]);

export const OPERATIONS: readonly Operation[] = [...operations()];

/** Makes one operation durable, and forgets what a snapshot covers. */
export async function perform(storage: Storage, operation: Operation): Promise<void> {
  if (operation.kind === "write") return storage.write(operation.request);
  const { group, snapshot, compactThrough } = operation;
  const { data, ...head } = snapshot;
  const encode = async function* () {
    yield data;
  };
  await storage.saveSnapshot(group, { ...head, encode });
  storage.compact(group, compactThrough);
}

/** How many of the first `count` operations are sure to be found again: a commit index that moved last and alone is not. */
export function promisedOf(count: number): number {
  const last = OPERATIONS[count - 1];
  return last?.kind === "write" && movesCommitAlone(last.request) ? count - 1 : count;
}

/** What a storage shows once the first `count` operations were performed and it was opened again. */
export async function contentsAfter(count: number): Promise<unknown> {
  const storage = new MemoryStorage();
  for (const operation of OPERATIONS.slice(0, count)) await perform(storage, operation);
  return contentsOf(storage);
}

/** What it shows of both groups. */
export function contentsOf(storage: Storage): unknown {
  return [FLEET_GROUP, IDLE_GROUP].map((group) => contentsOfLog(storage.reader(group)));
}

/** Opened again, a log begins behind its snapshot, and what the snapshot holds is committed. */
function contentsOfLog(reader: LogReader): unknown {
  const snapshot = reader.snapshot();
  const through = snapshot === "unavailable" ? 0 : snapshot.index;
  const { hardState } = reader.initialState();
  const entries = reader.entries(
    logIndex(through + 1),
    logIndex(reader.lastIndex() + 1),
    Number.MAX_SAFE_INTEGER,
  );
  const commit = Math.max(hardState.commit, through);
  return { snapshot, entries, hardState: { ...hardState, commit } };
}

// In this workload every other hard state has a term of its own.
function movesCommitAlone({ hardState, entries, snapshot }: WriteRequest): boolean {
  return (
    hardState !== null &&
    hardState.commit > 0 &&
    entries.length === 0 &&
    snapshot === null &&
    hardState.term % 2 === 0
  );
}

// Each round: a vote, entries, a replaced suffix, an own snapshot, and then one received from another leader.
function* operations(): Generator<Operation> {
  let last = 0;
  const idle = [entry(1, 1), entry(2, 1)];
  yield write({ group: IDLE_GROUP, entries: idle, hardState: hardState(1, 2) });
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round === IDLE_UNTIL_ROUND) yield ownSnapshot(IDLE_GROUP, snapshot(2, 1), 2);
    const [older, newer] = [2 * round - 1, 2 * round];
    const commit = last;
    yield write({ hardState: hardState(older, commit) });
    for (let count = 0; count < 12; count += 1) yield write({ entries: [entry(++last, older)] });
    yield write({
      hardState: hardState(newer, commit),
      entries: [entry(last - 1, newer), entry(last, newer)],
    });
    yield write({ hardState: hardState(newer, last) });
    yield ownSnapshot(FLEET_GROUP, snapshot(last - 1, newer), last - 3);
    last += 50;
    yield write({ snapshot: snapshot(last, newer), hardState: hardState(newer, last) });
  }
}

function write(parts: Partial<WriteRequest>): Operation {
  const request = { group: FLEET_GROUP, hardState: null, entries: [], snapshot: null, ...parts };
  return { kind: "write", request };
}

function ownSnapshot(group: GroupId, made: WholeSnapshot, through: number): Operation {
  return { kind: "snapshot", group, snapshot: made, compactThrough: logIndex(through) };
}

function hardState(atTerm: number, commit: number): HardState {
  return { term: term(atTerm), vote: nodeId(1 + (atTerm % 3)), commit: logIndex(commit) };
}

function entry(index: number, atTerm: number): Entry {
  const data = new TextEncoder().encode(`entry ${index} of term ${atTerm} `.repeat(40));
  return { index: logIndex(index), term: term(atTerm), type: "normal", data };
}

function snapshot(index: number, atTerm: number): WholeSnapshot {
  const data = new TextEncoder().encode(`state at ${index} `.repeat(50));
  return { index: logIndex(index), term: term(atTerm), confState: CONF_STATE, data };
}
