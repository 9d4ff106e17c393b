// When a voter campaigns first after its process has started (ADR-0059). If all processes start at once, no leader lives,
// and a whole election timeout would be waited for nothing. So a voter campaigns as soon as a quorum can answer it. What
// must stay true: it does so once in each group after a start, and only while it knows no leader. PreVote makes a mistake harmless:
// voters that hear a leader refuse. Absent: groups that may be quiescent, which the host starts in slices.

import { assert } from "../../base/assert.ts";
import type { GroupId, NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { campaignRank } from "./campaign-order.ts";
import type { GroupRules } from "./host-options.ts";

/** A group of this process. */
interface Starting {
  readonly group: GroupId;
  readonly driver: Pick<RaftStatus, "role" | "leader"> & { status(): Pick<RaftStatus, "config"> };
  readonly rules: Pick<GroupRules, "ticks" | "mayCampaign">;
}

export class FirstElections<Hosted extends Starting> {
  readonly #self: NodeId;
  /** The groups that have neither known a leader nor campaigned since the start. */
  readonly #starting = new Set<Hosted>();
  /** Peers that have opened a stream here, since the one to them broke. */
  readonly #opened = new Set<NodeId>();

  constructor(self: NodeId) {
    this.#self = self;
  }

  add(hosted: Hosted): void {
    this.#starting.add(hosted);
  }

  /** The peer has opened a stream here: its answers would arrive. True until `lost`. */
  opened(peer: NodeId): void {
    this.#opened.add(peer);
  }

  /** The stream to the peer broke. */
  lost(peer: NodeId): void {
    this.#opened.delete(peer);
  }

  /**
   * The groups in which this replica is to campaign now, each once. `rank`: 0 = at once, 1 = as the second voter, so that
   * voters do not take votes from each other. `hears`: whether frames of the peer have arrived lately; `isConnected`: whether the
   * stream to it is open.
   */
  due(
    hears: (peer: NodeId) => boolean,
    isConnected: (peer: NodeId) => boolean,
  ): readonly { readonly hosted: Hosted; readonly rank: number }[] {
    const reaches = (peer: NodeId) => (this.#opened.has(peer) || hears(peer)) && isConnected(peer);
    const due: { hosted: Hosted; rank: number }[] = [];
    for (const hosted of this.#starting) {
      const { driver, rules, group } = hosted;
      const isOver = driver.leader !== 0 || driver.role !== "follower";
      if (isOver) this.#starting.delete(hosted);
      if (isOver || !rules.ticks() || !rules.mayCampaign()) continue;
      const { voters, votersOutgoing } = driver.status().config;
      const answers = (voter: NodeId) => voter === this.#self || reaches(voter);
      if (![voters, votersOutgoing].every((half) => isQuorum(half, answers))) continue;
      const rank = campaignRank(voters.filter(answers), group, this.#self);
      if (rank === null) continue;
      assert(driver.leader === 0 && rank < voters.length, "a voter without a leader has its place in line");
      this.#starting.delete(hosted);
      due.push({ hosted, rank });
    }
    return due;
  }
}

/** Of the old and the new voters alike, while the configuration changes (Raft §4.3). */
function isQuorum(voters: readonly NodeId[], answers: (voter: NodeId) => boolean): boolean {
  return voters.length === 0 || voters.filter(answers).length * 2 > voters.length;
}
