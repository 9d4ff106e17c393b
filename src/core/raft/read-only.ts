// Reads that wait until a quorum has confirmed that this leader still leads (ReadIndex, Raft §6.4). Each read
// gets a sequence number, which heartbeats carry. The answer to a heartbeat confirms the read of that number
// and all earlier ones. What must stay true: only answers to heartbeats sent after a read arrived confirm it.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Message } from "./message.ts";
import { jointCommitted, type VoterHalves } from "./quorum.ts";

export interface PendingRead {
  readonly request: Message;
  /** The commit index when the read arrived. The state machine must have applied it before it answers. */
  readonly index: LogIndex;
}

/** The read with this context may be answered once the state machine has applied `index` (Raft §6.4). */
export interface ReadState {
  readonly index: LogIndex;
  readonly context: Uint8Array;
}

export class ReadOnly {
  #pending: PendingRead[] = [];
  /** Sequence number of the first pending read; the numbers start at 1. */
  #first = 1;
  readonly #confirmed = new Map<NodeId, number>();

  /** What heartbeats carry: the newest read's number, 0 if no read is pending. */
  get newestPending(): number {
    return this.#pending.length === 0 ? 0 : this.#newest;
  }

  get size(): number {
    return this.#pending.length;
  }

  add(read: PendingRead): void {
    this.#pending.push(read);
  }

  /** `from` answered a heartbeat that carried `read`. */
  confirm(from: NodeId, read: number): void {
    const sequence = Math.min(read, this.#newest);
    this.#confirmed.set(from, Math.max(sequence, this.#confirmed.get(from) ?? 0));
  }

  /**
   * Removes and returns the reads that a quorum has confirmed, in order of arrival. `self` confirms all of
   * its reads.
   */
  takeConfirmed(voters: VoterHalves, self: NodeId): readonly PendingRead[] {
    const through = jointCommitted(voters, (voter) =>
      logIndex(voter === self ? this.#newest : (this.#confirmed.get(voter) ?? 0)),
    );
    const taken = this.#pending.splice(0, Math.max(through - this.#first + 1, 0));
    this.#first += taken.length;
    return taken;
  }

  get #newest(): number {
    return this.#first + this.#pending.length - 1;
  }
}
