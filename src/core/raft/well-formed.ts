// Whether a correct replica could have sent a message: its numbers, its sender, and the content of its kind.
// Pure, and the first check of a peer's message. What must stay true: an accepted message cannot make a
// handler's assertion fail. Whether a message contradicts this replica's log is the handlers' question.

import type { NodeId, Term } from "../base/ids.ts";
import { readConfChange } from "./confchange-codec.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type ConfState,
  type Entry,
  type Message,
  type MessageType,
} from "./message.ts";

/**
 * Terms, indexes and ids up to this are accepted; sums of them stay exact. The ids of storage threads are
 * larger.
 */
const NUMBER_MAX = 2 ** 52;

/** Contexts (names of reads, marks of votes and heartbeats) have a few dozen bytes. */
const CONTEXT_BYTES_MAX = 256;
/** More members than a fleet ever had. */
export const CONFIGURATION_MAX = 1_024;

/** A replica sends these to itself, or gets them back: a follower forwards requests of others. */
const OWN: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgAppResp",
  "MsgVoteResp",
  "MsgPreVoteResp",
  "MsgProp",
  "MsgReadIndex",
  "MsgTransferLeader",
]);

/** Requests that any leader may handle, whatever its term. */
const WITHOUT_TERM: ReadonlySet<MessageType> = new Set<MessageType>(["MsgProp", "MsgReadIndex"]);

/** Whether only this replica itself can have sent the message, so that a peer cannot. */
export function comesFromHere({ type, from }: Message, self: NodeId): boolean {
  if (from === self) return type === "MsgAppResp" || type === "MsgVoteResp" || type === "MsgPreVoteResp";
  return from === APPEND_THREAD || from === APPLY_THREAD;
}

interface Recipient {
  readonly id: NodeId;
  readonly term: Term;
}

export function isWellFormed(message: Message, { id: self, term: ownTerm }: Recipient): boolean {
  const { type, from, term, logTerm, index, commit, rejectHint, context } = message;
  if (context.length > CONTEXT_BYTES_MAX) return false;
  if (![term, logTerm, index, commit, rejectHint].every(isNatural) || !isNode(from)) return false;
  if (from === self && !OWN.has(type)) return false;
  if (term === 0 && ownTerm > 0 && !WITHOUT_TERM.has(type)) return false;
  switch (type) {
    case "MsgProp":
      return message.entries.length > 0 && message.entries.every(isReadable);
    case "MsgApp":
      return continues(message);
    case "MsgSnap":
      return hasSoundSnapshot(message);
    default:
      return true;
  }
}

/** Terms ascend along a log, and none is newer than its leader's (Raft §5.3). */
function continues({ entries, index, logTerm, term }: Message): boolean {
  let previous = logTerm;
  for (const [position, entry] of entries.entries()) {
    if (entry.index !== index + 1 + position || !isNatural(entry.index)) return false;
    if (!isNatural(entry.term) || entry.term < previous || entry.term > term) return false;
    if (!isReadable(entry)) return false;
    previous = entry.term;
  }
  return true;
}

/**
 * A leader checks this too, before it appends: its followers would drop the entry and all entries behind it.
 */
export function isReadable({ type, data }: Pick<Entry, "type" | "data">): boolean {
  if (type === "normal") return true;
  const changes = readConfChange(data)?.changes;
  if (changes === undefined || changes.length > CONFIGURATION_MAX) return false;
  return changes.every(({ node }) => node <= NUMBER_MAX);
}

function hasSoundSnapshot({ snapshot, term }: Message): boolean {
  if (snapshot === null || !isNatural(snapshot.index) || !isNatural(snapshot.term)) return false;
  return snapshot.term <= term && isSound(snapshot.confState);
}

/** The rules of `assertConsistent`, and no id twice: such a configuration can be rebuilt. */
function isSound({ voters, learners, votersOutgoing, learnersNext, autoLeave }: ConfState): boolean {
  const sets = [voters, learners, votersOutgoing, learnersNext];
  if (sets.some((ids) => ids.length > CONFIGURATION_MAX)) return false;
  if (!sets.every((ids) => ids.every(isNode) && new Set(ids).size === ids.length)) return false;
  const isJoint = votersOutgoing.length > 0;
  if (voters.length === 0 || (!isJoint && autoLeave)) return false;
  const isVoter = (id: NodeId) => voters.includes(id) || votersOutgoing.includes(id);
  if (learners.some((id) => isVoter(id) || learnersNext.includes(id))) return false;
  return learnersNext.every((id) => votersOutgoing.includes(id) && !voters.includes(id));
}

function isNode(id: NodeId): boolean {
  return isNatural(id) && id > 0;
}

function isNatural(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= NUMBER_MAX;
}
