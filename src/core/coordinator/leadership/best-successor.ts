// The voter to which a leader hands over: when it leaves, when it can no longer do its work, or when an operator
// asks. Of slow disks `healthiestVoter` (slow-disk.ts) chooses. Pure.

import type { GroupId, NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { campaignRank } from "../host/campaign-order.ts";

/** What is known of the replicas that could take over. */
export interface Candidates {
  readonly answers: (replica: NodeId) => boolean;
  /** Whether there is no known problem with its state of a group: a fenced replica takes no leadership (ADR-0017). */
  readonly isFit: (replica: NodeId, group: GroupId) => boolean;
  /** Whether it has not reported a full disk, with which it takes no leadership either. */
  readonly hasRoom: (replica: NodeId) => boolean;
}

export function canLead(group: GroupId, { answers, isFit, hasRoom }: Candidates) {
  return (replica: NodeId): boolean => answers(replica) && isFit(replica, group) && hasRoom(replica);
}

/**
 * Of the other voters that `isAble` allows, the one that holds most of the log. Among equals each group prefers
 * another one, so that leadership spreads. `raft` is the leader's own status.
 */
export function bestSuccessor(
  raft: RaftStatus,
  group: GroupId,
  isAble: (replica: NodeId) => boolean,
): NodeId | undefined {
  const others = raft.config.voters.filter((voter) => voter !== raft.id);
  const matchOf = (voter: NodeId) => raft.progress.get(voter)?.match ?? 0;
  const rankOf = (voter: NodeId) => campaignRank(others, group, voter) ?? others.length;
  return others.filter(isAble).sort((a, b) => matchOf(b) - matchOf(a) || rankOf(a) - rankOf(b))[0];
}

/** As `bestSuccessor`, among those that have answered lately; null if none has. */
export function activeSuccessor(
  raft: RaftStatus,
  group: GroupId,
  isFit: (replica: NodeId) => boolean,
): NodeId | null {
  const isAble = (id: NodeId) => raft.progress.get(id)?.isRecentlyActive === true && isFit(id);
  return bestSuccessor(raft, group, isAble) ?? null;
}
