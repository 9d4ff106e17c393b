// A leader's lease: for how long it may answer reads without asking (Raft §6.4.1). A follower that answered a heartbeat
// neither votes nor campaigns for an election timeout after it came in, hence not for one after it was sent.
// What must stay true: the lease is counted from the sending of heartbeats, never from their answers, which may have
// taken their time; CheckQuorum looks too rarely for that. Clocks must advance at about the same rate.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import { jointCommitted, type VoterHalves } from "./quorum.ts";

// The tick that is under way here, and the first one of the follower, which may come at once.
const TICKS_UNSURE = 2;

export class Lease {
  /** Ticks of this leadership, from 1. */
  #now = 1;
  /** By follower: when the newest heartbeat that it answered was sent. */
  readonly #answered = new Map<NodeId, number>();

  get now(): number {
    return this.#now;
  }

  tick(): void {
    this.#now += 1;
  }

  /** Ticks will be left out from here on, nobody knows how many: whatever was answered so far proves nothing. */
  lapse(electionTicks: number): void {
    this.#now += electionTicks;
  }

  /** `from` answered a heartbeat that was sent at `sentAt`; 0 = it does not say. */
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
