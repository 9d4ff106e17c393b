// When a group may stand still, leader and followers each for itself: pure (ADR-0008). What must stay true: a group
// that stands still has nothing to do but heartbeats, and a follower does so only if it holds all that its leader does.
// Nothing here is needed for safety: a replica without ticks is a slow one.

import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { Quiesce } from "../../transport/transport.ts";

export interface Peers {
  /** Whether the peer's process was heard lately. */
  hears(peer: NodeId): boolean;
}

/** As leader. `isPatient`: nothing has happened for so long that followers that lag will not catch up by themselves. */
export function mayQuiesce(raft: RaftStatus, peers: Peers, isPatient: boolean): boolean {
  const { role, commit, applied, lastIndex, leadTransferee, config } = raft;
  const isSettled = commit === lastIndex && applied === lastIndex && leadTransferee === 0;
  if (role !== "leader" || !isSettled || config.votersOutgoing.length > 0) return false;
  // Who does not hear a quorum has to find out that it leads no more (CheckQuorum).
  const heard = config.voters.filter((voter) => voter === raft.id || peers.hears(voter));
  if (heard.length * 2 <= config.voters.length) return false;
  return isPatient || laggingBehind(raft).every((member) => !peers.hears(member));
}

/** The members that the leader need not wake to bring them up to date: they get its word that it quiesces. */
export function caughtUpWith(raft: RaftStatus): readonly NodeId[] {
  return others(raft).filter((member) => raft.progress.get(member)?.match === raft.lastIndex);
}

/** As follower: whether what the leader says of the group holds here too. */
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
