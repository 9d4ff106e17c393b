// When a group may become quiescent, for leader and followers separately: pure (ADR-0008). What must stay
// true: a quiescent group has no work except heartbeats, and a follower becomes quiescent only if it holds
// its leader's whole log. Safety does not depend on this: a replica without ticks is only slow.

import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { Quiesce } from "../../transport/transport.ts";

export interface Peers {
  /** Whether the peer's process was heard lately. */
  hears(peer: NodeId): boolean;
}

/**
 * As leader. `isPatient`: there was no work for so long that lagging followers will not catch up by
 * themselves.
 */
export function mayQuiesce(raft: RaftStatus, peers: Peers, isPatient: boolean): boolean {
  const { role, commit, applied, lastIndex, leadTransferee, config } = raft;
  const isSettled = commit === lastIndex && applied === lastIndex && leadTransferee === 0;
  if (role !== "leader" || !isSettled || config.votersOutgoing.length > 0) return false;
  // A leader that does not hear a quorum must find out that it does not lead any more (CheckQuorum).
  const heard = config.voters.filter((voter) => voter === raft.id || peers.hears(voter));
  if (heard.length * 2 <= config.voters.length) return false;
  return isPatient || laggingBehind(raft).every((member) => !peers.hears(member));
}

/**
 * The members that need no more entries from the leader: they get its message that the group becomes
 * quiescent.
 */
export function caughtUpWith(raft: RaftStatus): readonly NodeId[] {
  return others(raft).filter((member) => raft.progress.get(member)?.match === raft.lastIndex);
}

/** As follower: whether the leader's description of the group is true here too. */
export function agreesToQuiesce(raft: RaftStatus, leader: NodeId, { term, index }: Quiesce): boolean {
  const isFollowing = raft.role === "follower" && raft.leader === leader && raft.term === term;
  return isFollowing && raft.lastIndex === index && raft.commit === index && raft.applied === index;
}

function laggingBehind(raft: RaftStatus): readonly NodeId[] {
  const caughtUp = new Set(caughtUpWith(raft));
  return others(raft).filter((member) => !caughtUp.has(member));
}

function others(raft: RaftStatus): readonly NodeId[] {
  return [...raft.progress.keys()].filter((member) => member !== raft.id);
}
