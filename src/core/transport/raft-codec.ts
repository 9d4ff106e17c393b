// Converts the core's messages to and from their protobuf form. Input from the network is not trusted. A type that
// replicas do not send, or an unsafe integer, is refused by a return value, never by an assertion.

import { logIndex, nodeId, type Term, term } from "../base/ids.ts";
import type { ConfState, Entry, EntryType, Message, MessageType, Snapshot } from "../raft/message.ts";
import {
  type RaftConfState,
  type RaftEntry,
  RaftEntryType,
  type RaftMessage,
} from "../wire/gen/fleet/v1/raft.ts";

/** Why a wire message is refused. */
export type Untaken = "local-message" | "malformed" | "out-of-reach";

/**
 * Types that replicas send to each other. Snapshots have a stream of their own, and storage messages are
 * never sent. Proposals are not sent either, because clients find the leader themselves (ADR-0001): a peer's
 * proposal would skip the checks of clients' proposals.
 */
export const PEER_MESSAGES: readonly MessageType[] = [
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgPreVote",
  "MsgPreVoteResp",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgTransferLeader",
  "MsgTimeoutNow",
  "MsgReadIndex",
  "MsgReadIndexResp",
];
const TRAVELLING: ReadonlySet<string> = new Set(PEER_MESSAGES);

const ENTRY_TYPE_TO_WIRE: Readonly<Record<EntryType, RaftEntryType>> = {
  normal: RaftEntryType.NORMAL,
  "conf-change": RaftEntryType.CONF_CHANGE,
  "conf-change-v2": RaftEntryType.CONF_CHANGE_V2,
};

/** A map, because any number may arrive, even one that the enum does not have. */
const ENTRY_TYPE_FROM_WIRE: ReadonlyMap<number, EntryType> = new Map([
  [RaftEntryType.NORMAL, "normal"],
  [RaftEntryType.CONF_CHANGE, "conf-change"],
  [RaftEntryType.CONF_CHANGE_V2, "conf-change-v2"],
]);

export function messageToWire(message: Message): RaftMessage {
  return {
    type: message.type,
    from: message.from,
    to: message.to,
    term: message.term,
    logTerm: message.logTerm,
    index: message.index,
    commit: message.commit,
    vote: message.vote,
    reject: message.reject,
    rejectHint: message.rejectHint,
    context: message.context,
    entries: message.entries.map(entryToWire),
  };
}

/** The message, or why a peer may not send it. */
export function messageFromWire(wire: RaftMessage): Message | Untaken {
  if (!TRAVELLING.has(wire.type)) return "local-message";
  const entries = wire.entries.map(entryFromWire);
  if (entries.includes(null)) return "malformed";
  return {
    type: wire.type as MessageType,
    from: nodeId(wire.from),
    to: nodeId(wire.to),
    term: term(wire.term),
    logTerm: term(wire.logTerm),
    index: logIndex(wire.index),
    commit: logIndex(wire.commit),
    vote: nodeId(wire.vote),
    reject: wire.reject,
    rejectHint: logIndex(wire.rejectHint),
    entries: entries.filter((entry) => entry !== null),
    snapshot: null,
    context: wire.context,
    responses: [],
  };
}

/** A snapshot message, rebuilt from its stream at the receiving end. */
export function snapshotMessage(parts: {
  readonly from: number;
  readonly to: number;
  readonly messageTerm: number;
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly data: Snapshot["data"];
}): Message {
  const none = new Uint8Array();
  return {
    type: "MsgSnap",
    from: nodeId(parts.from),
    to: nodeId(parts.to),
    term: term(parts.messageTerm),
    logTerm: 0 as Term,
    index: logIndex(0),
    commit: logIndex(0),
    vote: nodeId(0),
    reject: false,
    rejectHint: logIndex(0),
    entries: [],
    snapshot: {
      index: logIndex(parts.index),
      term: term(parts.term),
      confState: parts.confState,
      data: parts.data,
    },
    context: none,
    responses: [],
  };
}

function entryToWire(entry: Entry): RaftEntry {
  return { term: entry.term, index: entry.index, type: ENTRY_TYPE_TO_WIRE[entry.type], data: entry.data };
}

function entryFromWire(wire: RaftEntry): Entry | null {
  const type = ENTRY_TYPE_FROM_WIRE.get(wire.type);
  if (type === undefined) return null;
  return { term: term(wire.term), index: logIndex(wire.index), type, data: wire.data };
}

export function confStateToWire(confState: ConfState): RaftConfState {
  return {
    voters: [...confState.voters],
    learners: [...confState.learners],
    votersOutgoing: [...confState.votersOutgoing],
    learnersNext: [...confState.learnersNext],
    autoLeave: confState.autoLeave,
  };
}

export function confStateFromWire(wire: RaftConfState | undefined): ConfState {
  return {
    voters: (wire?.voters ?? []).map(nodeId),
    learners: (wire?.learners ?? []).map(nodeId),
    votersOutgoing: (wire?.votersOutgoing ?? []).map(nodeId),
    learnersNext: (wire?.learnersNext ?? []).map(nodeId),
    autoLeave: wire?.autoLeave ?? false,
  };
}
