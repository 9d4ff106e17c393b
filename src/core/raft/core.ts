// The mutable state of one replica (Raft Figure 2) and its two outboxes, shared by the handlers. Its only
// logic is sending. Roles change in roles.ts, each family of messages has its own file of handlers, and
// step.ts calls the right one.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, type Term, term } from "../base/ids.ts";
import { EMPTY_MEMBERSHIP, type Membership, type NewMembers } from "./changer.ts";
import { Lease } from "./lease.ts";
import { type Message, type MessageType, NO_NODE } from "./message.ts";
import { newMessage } from "./new-message.ts";
import type { Progress } from "./progress.ts";
import type { RaftConfig } from "./raft-config.ts";
import { RaftLog } from "./raft-log.ts";
import { Reach } from "./reach.ts";
import type { ReadState } from "./read-only.ts";
import { ReadOnly } from "./read-only.ts";

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

export class Core {
  readonly config: RaftConfig;
  readonly id: NodeId;
  readonly log: RaftLog;
  membership: Membership = EMPTY_MEMBERSHIP;

  role: Role = "follower";
  term: Term = term(0);
  /** The candidate that this replica voted for in this term, 0 = none. */
  vote: NodeId = NO_NODE;
  /** 0 = none known. */
  leader: NodeId = NO_NODE;
  readonly votes = new Map<NodeId, boolean>();

  electionElapsed = 0;
  /**
   * Ticks since this replica started. Before an election timeout has passed, an old leader may still rely on
   * a lease that this replica forgot.
   */
  ticks = 0;
  /** Whether this replica had run before this start. */
  hasRun = false;
  heartbeatElapsed = 0;
  randomizedElectionTicks = 0;

  /** The follower that a leader is handing over to, 0 = none. */
  transferee: NodeId = NO_NODE;
  /**
   * Whether this leader asked a member to campaign regardless of leases. It may then not trust its own lease.
   */
  hasWaivedLease = false;
  /** A leader proposes no configuration change before this index is applied. */
  pendingConfIndex: LogIndex = logIndex(0);
  /** Payload bytes that this leader appended and that are not applied yet. */
  uncommittedBytes = 0;

  /** How far a peer's message may be ahead of this replica. */
  readonly reach = new Reach();

  readOnly = new ReadOnly();
  lease = new Lease();
  /** Reads that arrived before this leader had committed an entry of its own term. */
  postponedReads: Message[] = [];
  readStates: ReadState[] = [];

  /** Messages that may be sent at once. */
  outbox: Message[] = [];
  /**
   * Messages that may be sent only when everything handed out and pending now is durable. Some may be for the
   * replica itself.
   */
  afterAppendOutbox: Message[] = [];

  constructor(config: RaftConfig) {
    this.config = config;
    this.id = config.id;
    this.log = new RaftLog(config.log, config.committedBytesPerReadyMax);
  }

  progressOf(id: NodeId): Progress | undefined {
    return this.membership.progress.get(id);
  }

  /** Ids of all other members, ascending. */
  get peers(): NodeId[] {
    return [...this.membership.progress.keys()].filter((id) => id !== this.id);
  }

  /** The two halves of the voters, in the shape that quorum arithmetic takes. */
  get voters(): Membership["configuration"] {
    return this.membership.configuration;
  }

  get newMembers(): NewMembers {
    return {
      lastIndex: this.log.lastIndex,
      inflightMessagesMax: this.config.inflightMessagesMax,
      inflightBytesMax: this.config.inflightBytesMax,
    };
  }

  /** A member that may be elected: a voter whose log is not about to be replaced by a snapshot. */
  get isPromotable(): boolean {
    const own = this.progressOf(this.id);
    return own !== undefined && !own.isLearner && this.log.unstable.snapshot === null;
  }

  /** Sends a message of the current term, from this replica unless `parts` says otherwise. */
  send(type: MessageType, parts: Partial<Message>): void {
    this.#post(newMessage(type, { from: this.id, term: this.term, ...parts }));
  }

  #post(message: Message): void {
    switch (message.type) {
      case "MsgAppResp":
      case "MsgVoteResp":
      case "MsgPreVoteResp":
        this.afterAppendOutbox.push(message);
        return;
      case "MsgProp":
      case "MsgReadIndex":
        // These have no term: whichever replica leads when they arrive may handle them.
        assert(message.term === 0, "forwarded requests carry no term");
        break;
      case "MsgVote":
      case "MsgPreVote":
        assert(message.term > 0, "candidates campaign for a term");
        break;
      case "MsgApp":
      case "MsgSnap":
      case "MsgHeartbeat":
      case "MsgHeartbeatResp":
      case "MsgTransferLeader":
      case "MsgTimeoutNow":
      case "MsgReadIndexResp":
        assert(message.term === this.term, "messages carry the current term");
        break;
      case "MsgHup":
      case "MsgBeat":
      case "MsgUnreachable":
      case "MsgSnapStatus":
      case "MsgCheckQuorum":
      case "MsgForgetLeader":
      case "MsgStorageAppend":
      case "MsgStorageAppendResp":
      case "MsgStorageApply":
      case "MsgStorageApplyResp":
        assert(false, "local messages are not sent");
    }
    assert(message.to !== this.id, "only acknowledgements go to the replica itself");
    this.outbox.push(message);
  }
}
