// The settings of a replica at its creation. Time is counted in ticks; the driver chooses their length.
// Randomness comes only from the given generator, so that a run can be repeated.

import { assert } from "../base/assert.ts";
import type { LogIndex, NodeId } from "../base/ids.ts";
import type { Prng } from "../base/prng.ts";
import type { LogReader } from "./log-reader.ts";
import { APPEND_THREAD, APPLY_THREAD, NO_NODE } from "./message.ts";

export interface RaftConfig {
  readonly id: NodeId;
  readonly log: LogReader;
  readonly random: Prng;
  /**
   * The last entry that the state machine has applied; the core does not hand out entries up to it again. 0 =
   * up to the snapshot.
   */
  readonly applied: LogIndex;
  /** Ticks without a leader after which a follower campaigns; the actual timeout is drawn from [n, 2n-1]. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** Hand out MsgStorageAppend and MsgStorageApply instead of waiting for `advance`. */
  readonly asyncStorageWrites: boolean;
  /**
   * Ask whether this replica could win an election before it disturbs the cluster by a new term (Raft §9.6).
   */
  readonly preVote: boolean;
  /**
   * A leader that does not hear a quorum steps down. Followers that hear a leader refuse to vote (Raft §6.2).
   */
  readonly checkQuorum: boolean;
  /** "lease-based" trusts that clocks advance at about the same rate; it needs `checkQuorum`. */
  readonly readOnly: "safe" | "lease-based";
  /** Encoded bytes of entries in one MsgApp; at least one entry is always sent. */
  readonly messageBytesMax: number;
  /** In-flight MsgApps with entries to one replicating follower. */
  readonly inflightMessagesMax: number;
  /** Payload bytes in flight to one replicating follower, 0 = no limit. One message may exceed it. */
  readonly inflightBytesMax: number;
  /** Payload bytes of proposals not yet applied, beyond which a leader refuses more. */
  readonly uncommittedBytesMax: number;
  /** Encoded bytes of entries handed out for applying and not yet applied; at least one entry is always given. */
  readonly committedBytesPerReadyMax: number;
  /** A follower refuses proposals instead of forwarding them to the leader. */
  readonly disableProposalForwarding: boolean;
  /** Append configuration changes unchecked; the state machine must then refuse bad ones. */
  readonly disableConfChangeValidation: boolean;
  /** A leader that is removed or demoted steps down when it applies that change. */
  readonly stepDownOnRemoval: boolean;
  /** Requests for votes and their answers carry commit hints, which etcd's do not (commit-hint.ts). */
  readonly commitHints: boolean;
}

/** A wrong configuration is a bug of the driver. */
export function assertValid(config: RaftConfig): void {
  assert(config.id !== NO_NODE, "a replica's id is not zero");
  assert(
    config.id !== APPEND_THREAD && config.id !== APPLY_THREAD,
    "a replica's id is not a storage thread's",
  );
  assert(config.heartbeatTicks > 0, "heartbeats take at least a tick");
  assert(config.electionTicks > config.heartbeatTicks, "an election takes longer than a heartbeat");
  assert(config.inflightMessagesMax > 0, "at least one append may be in flight");
  assert(
    config.inflightBytesMax === 0 || config.inflightBytesMax >= config.messageBytesMax,
    "a message fits the window",
  );
  assert(config.uncommittedBytesMax > 0, "something may be uncommitted");
  assert(config.committedBytesPerReadyMax > 0, "something may be applied");
  assert(config.readOnly === "safe" || config.checkQuorum, "leases rest on CheckQuorum");
}
