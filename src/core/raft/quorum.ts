// Quorum arithmetic for majorities and for joint configurations, which need the majority of both halves for
// everything (Raft §4.3). Pure. An empty half agrees to everything. A simple configuration is therefore a
// joint one whose outgoing half is empty.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";

/** What an empty set of voters has committed: everything. */
export const EVERYTHING = logIndex(Number.POSITIVE_INFINITY);

export type VoteResult = "won" | "pending" | "lost";
export type Acknowledged = (voter: NodeId) => LogIndex | undefined;
export type Votes = (voter: NodeId) => boolean | undefined;
type Voters = ReadonlySet<NodeId>;

/** The two halves of a configuration; `outgoing` is empty unless it is joint. */
export interface VoterHalves {
  readonly incoming: Voters;
  readonly outgoing: Voters;
}

export function quorumSize(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** The highest index that a majority has acknowledged. */
export function majorityCommitted(voters: Voters, acknowledged: Acknowledged): LogIndex {
  const ascending = [...voters].map((voter) => acknowledged(voter) ?? 0).sort((a, b) => a - b);
  const index = ascending[ascending.length - quorumSize(ascending.length)];
  return index === undefined ? EVERYTHING : logIndex(index);
}

export function jointCommitted(halves: VoterHalves, acknowledged: Acknowledged): LogIndex {
  const incoming = majorityCommitted(halves.incoming, acknowledged);
  const outgoing = majorityCommitted(halves.outgoing, acknowledged);
  return logIndex(Math.min(incoming, outgoing));
}

export function majorityVote(voters: Voters, votes: Votes): VoteResult {
  if (voters.size === 0) return "won";
  let granted = 0;
  let missing = 0;
  for (const voter of voters) {
    const vote = votes(voter);
    if (vote === undefined) missing += 1;
    else if (vote) granted += 1;
  }
  const quorum = quorumSize(voters.size);
  if (granted >= quorum) return "won";
  return granted + missing >= quorum ? "pending" : "lost";
}

export function jointVote(halves: VoterHalves, votes: Votes): VoteResult {
  const incoming = majorityVote(halves.incoming, votes);
  const outgoing = majorityVote(halves.outgoing, votes);
  if (incoming === outgoing) return incoming;
  return incoming === "lost" || outgoing === "lost" ? "lost" : "pending";
}
