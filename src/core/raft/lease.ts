// A leader's lease: how long it may answer reads without a round of heartbeats (Raft §6.4.1). A follower that
// answered a heartbeat neither votes nor campaigns for an election timeout after it received it. What must
// stay true: the lease starts when heartbeats are sent, never when their answers arrive, because answers may
// be slow. CheckQuorum is too rare for that. Clocks must advance at about the same rate.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import { jointCommitted, type VoterHalves } from "./quorum.ts";

// The current tick here and the follower's first one, which may come at once.
const TICKS_UNSURE = 2;

export class Lease {
  /** Ticks since this replica became leader, from 1. */
  #now = 1;
  /** By follower: when the newest heartbeat that it answered was sent. */
  readonly #answered = new Map<NodeId, number>();

  get now(): number {
    return this.#now;
  }

  tick(): void {
    this.#now += 1;
  }

  /** An unknown number of ticks is left out from here on, so all answers up to now prove nothing. */
  lapse(electionTicks: number): void {
    this.#now += electionTicks;
  }

  /** `from` answered a heartbeat that was sent at `sentAt`; 0 = the answer does not say when. */
  confirm(from: NodeId, sentAt: number): void {
    if (sentAt <= this.#now) this.#answered.set(from, Math.max(sentAt, this.#answered.get(from) ?? 0));
  }

  isHeld(voters: VoterHalves, self: NodeId, electionTicks: number): boolean {
    const answered = (voter: NodeId): LogIndex =>
      logIndex(voter === self ? this.#now : (this.#answered.get(voter) ?? 0));
    const since = jointCommitted(voters, answered);
    return since > 0 && this.#now - since <= electionTicks - TICKS_UNSURE;
  }
}
