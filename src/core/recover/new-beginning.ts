// The state from which the survivor goes on as a cluster of its own: a snapshot in which it votes alone, with exactly
// the tables that its log held (so their hash is still theirs), and behind it the recovery itself as the one entry of
// the new log. Pure, and a function of the log and the order alone, so that doing it twice gives the same bytes.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, type Term, term } from "../base/ids.ts";
import { dryRun } from "../fleet/apply.ts";
import { encodeCommand, type NewCommand } from "../fleet/command-codec.ts";
import { encodeSnapshot } from "../fleet/snapshot.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Entry, HardState, Snapshot } from "../raft/message.ts";
import { type Copy, replay } from "./copy.ts";

// Others remember indexes and terms that no copy here knows: a client session is named by an index, rows are compared by
// it, and a shard obeys no leader of a term lower than one it has heard (shard/answer.ts). Not one may be given out again.
// Nothing that was given out is ahead of the time, if clocks are right: beginnings are not, and what follows one uses up
// less than the time does. So a copy that is gone on from twice, such as an exported snapshot, begins later each time, of
// which a gap above the copy would know nothing. The gap is for a clock that is behind the copy, where it is all that is
// left; added to a time it would put what follows ahead of the time, and the next copy's beginning would be the gap's alone.
const INDEX_GAP = 1_000_000_000;
const TERM_GAP = 1_000_000;
// More than a fleet uses up meanwhile, so that it never catches up with the time: a leader writes a few entries in a
// millisecond, and to win an election takes a synced vote.
const INDEXES_A_MS = 100;
const TERMS_A_MS = 1;
// The year 3000. A clock that is wrong beyond it must not use up the safe integers.
const TIME_MS_MAX = 32_503_680_000_000;

/** What the tables take as a reason. */
export { REASON_BYTES_MAX } from "../fleet/limits.ts";

export interface RecoveryOrder {
  readonly nodeId: NodeId;
  readonly address: string;
  readonly formerClusterId: string;
  readonly clusterId: string;
  readonly index: LogIndex;
  readonly term: Term;
  readonly committed: LogIndex;
  readonly last: LogIndex;
  readonly actor: string;
  readonly reason: string;
  readonly atMs: number;
}

/**
 * Where the log of the new cluster begins: beyond everything that any survivor knows, and what others may. `nowMs` is
 * since 1970; with a clock that lags behind the last new beginning, the gap above the copies is what is left.
 */
export function newBeginning(
  copies: readonly Pick<Copy, "term" | "last">[],
  nowMs: number,
): {
  readonly index: LogIndex;
  readonly term: Term;
} {
  const timeMs = Math.min(nowMs, TIME_MS_MAX);
  const lastIndex = Math.max(...copies.map((copy) => copy.last.index));
  const lastTerm = Math.max(...copies.map((copy) => Math.max(copy.term, copy.last.term)));
  const index = beyond(lastIndex, INDEX_GAP, timeMs * INDEXES_A_MS);
  const inTerm = beyond(lastTerm, TERM_GAP, timeMs * TERMS_A_MS);
  assert(Number.isSafeInteger(index) && Number.isSafeInteger(inTerm), "indexes and terms are safe integers");
  return { index: logIndex(index), term: term(inTerm) };
}

const beyond = (last: number, gap: number, time: number): number => (time > last ? time : last + gap);

/** What to write in place of the log. The log must be the one that the order was made for. */
export function recovered(
  log: LogReader,
  order: RecoveryOrder,
): {
  readonly snapshot: Snapshot;
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
} {
  assert(log.lastIndex() === order.last, "the log ends where it did when the recovery was ordered");
  assert(order.index > order.last, "the new log begins behind the old one");
  assert(order.term > log.initialState().hardState.term, "terms never go back");
  const replayed = replay(log);
  assert(replayed.ok, "a log that was chosen for a recovery can be replayed");
  const { state } = replayed;
  state.advanceTo(order.index);
  const command = commandOf(order);
  assert(dryRun(state, command).result?.$case === "applied", "a recovery is not refused by the tables");
  const index = logIndex(order.index + 1);
  const confState = {
    voters: [order.nodeId],
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  };
  return {
    snapshot: { index: order.index, term: order.term, confState, data: encodeSnapshot(state) },
    entries: [
      { index, term: order.term, type: "normal", data: encodeCommand(command, state.clusterVersion) },
    ],
    hardState: { term: order.term, vote: order.nodeId, commit: index },
  };
}

function commandOf(order: RecoveryOrder): NewCommand {
  const { nodeId, address, formerClusterId, clusterId, committed, last, actor, reason, atMs } = order;
  const value = { nodeId, address, formerClusterId, clusterId, committedIndex: committed, lastIndex: last };
  return {
    ...{ sessionId: 0, sequence: 0, firstOutstanding: 0, actor, reason, atMs },
    operation: { kind: { $case: "recoverFleet", value } },
  };
}
