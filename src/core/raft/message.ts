// The vocabulary of the core: entries, hard state, configurations and messages. Data only.
// Shapes follow etcd-io/raft's raftpb; 0 stands for "none" in node ids, terms and indexes, as it does there.

import type { LogIndex, NodeId, Term } from "../base/ids.ts";

export type EntryType = "normal" | "conf-change" | "conf-change-v2";

export interface Entry {
  readonly term: Term;
  readonly index: LogIndex;
  readonly type: EntryType;
  /** Opaque to the core unless the type is a configuration change. */
  readonly data: Uint8Array;
}

/** What must be durable before any message that depends on it leaves (Raft Figure 2, persistent state). */
export interface HardState {
  readonly term: Term;
  /** 0 = has not voted in this term. */
  readonly vote: NodeId;
  readonly commit: LogIndex;
}

/** A configuration as snapshots and the state machine see it. Non-empty `votersOutgoing` means joint. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learnersNext: readonly NodeId[];
  readonly autoLeave: boolean;
}

/** What a snapshot stands for: all entries through `index`, and the configuration that they lead to. */
export interface SnapshotHead {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

/** Data that is stored elsewhere, such as in a file, because it may be large. */
export interface StoredData {
  readonly bytes: number;
  readonly sha256: Uint8Array;
  /**
   * The bytes from byte `from` on, in parts. Each part stays valid after the next is read. Rejects when they
   * can't be read.
   */
  read(from: number): AsyncIterable<Uint8Array>;
}

export interface Snapshot extends SnapshotHead {
  /** Opaque to the core: the bytes, or where they are stored. */
  readonly data: Uint8Array | StoredData;
}

export interface WholeSnapshot extends Snapshot {
  readonly data: Uint8Array;
}

export type MessageType =
  | "MsgHup"
  | "MsgBeat"
  | "MsgProp"
  | "MsgApp"
  | "MsgAppResp"
  | "MsgVote"
  | "MsgVoteResp"
  | "MsgPreVote"
  | "MsgPreVoteResp"
  | "MsgSnap"
  | "MsgHeartbeat"
  | "MsgHeartbeatResp"
  | "MsgUnreachable"
  | "MsgSnapStatus"
  | "MsgCheckQuorum"
  | "MsgTransferLeader"
  | "MsgTimeoutNow"
  | "MsgReadIndex"
  | "MsgReadIndexResp"
  | "MsgForgetLeader"
  | "MsgStorageAppend"
  | "MsgStorageAppendResp"
  | "MsgStorageApply"
  | "MsgStorageApplyResp";

/**
 * One flat shape for all kinds, as in raftpb. The doc comment of a kind's handler says which fields the kind
 * uses.
 */
export interface Message {
  readonly type: MessageType;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly logTerm: Term;
  readonly index: LogIndex;
  readonly commit: LogIndex;
  readonly vote: NodeId;
  readonly reject: boolean;
  readonly rejectHint: LogIndex;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
  /** Request id of a ReadIndex, or the mark of a forced (transfer) campaign. */
  readonly context: Uint8Array;
  /** Messages to deliver once a MsgStorageAppend or MsgStorageApply is done. */
  readonly responses: readonly Message[];
}

/** Addresses of the two local storage threads; no replica may have them. */
export const APPEND_THREAD = Number.MAX_SAFE_INTEGER as NodeId;
export const APPLY_THREAD = (Number.MAX_SAFE_INTEGER - 1) as NodeId;
export const NO_NODE = 0 as NodeId;
