// How many more voters may fail before the fleet has no quorum. Pure.

import type { NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";

export interface Tolerance {
  readonly voters: number;
  /** Voters that answer and follow the leader, including the leader. */
  readonly following: number;
  /** How many of these may fail while the rest is still a quorum. */
  readonly canLose: number;
}

export function toleranceOf(leader: NodeStatus, statuses: readonly NodeStatus[]): Tolerance {
  const voters = new Set(leader.members.filter(({ learner }) => !learner).map(({ nodeId }) => nodeId));
  const following = statuses.filter(
    ({ nodeId, leaderId, term }) => voters.has(nodeId) && leaderId === leader.nodeId && term === leader.term,
  ).length;
  // The quorum is etcd's if that has the log: then one coordinator is enough.
  const quorum = leader.etcdEngine === undefined ? Math.floor(voters.size / 2) + 1 : 1;
  return { voters: voters.size, following, canLose: Math.max(0, following - quorum) };
}

/** The next failure stops all writes. A fleet of one voter was chosen as such. */
export const isFragile = (tolerance: Tolerance | null): boolean =>
  tolerance !== null && tolerance.voters > 1 && tolerance.canLose === 0;
