// When a group that is never quiescent campaigns after this process has started. All processes of a fleet may have started
// at once, and then no node leads: to wait a whole election timeout for a leader's heartbeat would be in vain. So a replica
// that hears a quorum of processes, and for two ticks no leader, asks for votes, each voter in its turn. What must stay
// true: it campaigns early at most once for each start. A leader that lives is heard within a tick, and PreVote makes a
// mistake harmless: the others refuse as long as they hear the leader.

import type { GroupId, NodeId } from "../../base/ids.ts";
import type { GroupPort } from "../group/group-port.ts";
import { campaignRank } from "./campaign-order.ts";

/** Heartbeats come with every tick. */
const WAIT_TICKS = 2;

export class FirstElection {
  readonly #group: GroupId;
  readonly #self: NodeId;
  /** Since a quorum is heard. */
  #ticks = 0;
  #isOver = false;

  constructor(group: GroupId, self: NodeId) {
    this.#group = group;
    this.#self = self;
  }

  /** Asked at each tick. `hears`: whether the peer's process was heard lately. */
  isDue(
    driver: Pick<GroupPort<never>, "leader" | "role" | "status">,
    hears: (peer: NodeId) => boolean,
  ): boolean {
    if (this.#isOver) return false;
    this.#isOver = driver.leader !== 0 || driver.role !== "follower";
    if (this.#isOver) return false;
    const { voters } = driver.status().config;
    const heard = voters.filter((voter) => voter === this.#self || hears(voter));
    const rank = campaignRank(heard, this.#group, this.#self);
    if (rank === null || 2 * heard.length <= voters.length) return false;
    this.#ticks += 1;
    this.#isOver = this.#ticks >= WAIT_TICKS + rank;
    return this.#isOver;
  }
}
