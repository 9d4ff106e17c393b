// Which replicas can be elected while there is no leader, in a cluster in which everything but the lost disks works again.
//
// A voter v is electable if a majority of each half of its configuration can vote for it. Those replicas remember everything,
// their logs are no newer than v's, and they hear v, because they know that it is a member. Its configuration is its
// own, or that of a voter that knows more of v's log to be committed than v does. That voter sends its configuration
// with its vote request (commit-hint.ts). If one replica is electable, a leader must be elected. It need not be v:
// - Without a leader no log changes, so v stays electable. What the others know of commits was told long before the
//   question is asked.
// - v's clock runs out, and it asks for pre-votes. No lease prevents them, because no replica hears a leader. A replica in a
//   later term names that term in its refusal. Then v adopts the term, and gets the pre-vote when it asks again.
// - Replicas with newer logs, learners and removed replicas may ask as well. They disturb no other: a pre-vote changes
//   neither term, vote nor clock of its granter. To be elected they too need a majority, and then they lead.
// - Only real candidates can take votes from each other. Random timeouts let one of them win before long.
// A leader by an old configuration counts too: it commits what it has, and so learns the newer ones.
//
// If no replica is electable, none is ever elected again. Votes come only from replicas, and a candidate counts them by its
// own configuration, whatever the newest one is.

import type { NodeId } from "../base/ids.ts";
import type { ConfState } from "../raft/message.ts";
import { quorumSize } from "../raft/quorum.ts";
import type { EntryId } from "../raft/raft-log.ts";

/** A replica whose process runs. */
export interface Elector {
  readonly id: NodeId;
  /** As far as it has applied. */
  readonly config: ConfState;
  readonly commit: EntryId;
  readonly last: EntryId;
  /** Whether the entry is in its log. */
  holds(entry: EntryId): boolean;
  /** Without its memory, it neither votes nor campaigns (ADR-0002). */
  readonly isAmnesiac: boolean;
  /** Whether it does not hear the peer, since that was removed or is not known there (ADR-0023). */
  refuses(peer: NodeId): boolean;
}

export function isElectable(candidate: Elector, all: readonly Elector[]): boolean {
  const known = [candidate, ...all.filter((other) => tells(other, candidate))];
  return known.some(({ config }) => isElectableBy(config, candidate, all));
}

function tells(other: Elector, candidate: Elector): boolean {
  const { commit, config, isAmnesiac, refuses, id } = other;
  const asks = !isAmnesiac && isVoter(config, id) && isVoter(config, candidate.id) && !refuses(candidate.id);
  return asks && commit.index > candidate.commit.index && candidate.holds(commit);
}

function isElectableBy(config: ConfState, candidate: Elector, all: readonly Elector[]): boolean {
  if (candidate.isAmnesiac || !isVoter(config, candidate.id)) return false;
  return [config.voters, config.votersOutgoing].every((half) => {
    const granting = all.filter((voter) => half.includes(voter.id) && mayVoteFor(voter, candidate));
    return half.length === 0 || granting.length >= quorumSize(half.length);
  });
}

function isVoter({ voters, votersOutgoing }: ConfState, id: NodeId): boolean {
  return voters.includes(id) || votersOutgoing.includes(id);
}

// The voter's rule of Raft §5.4.1.
function mayVoteFor({ last, isAmnesiac, refuses }: Elector, candidate: Elector): boolean {
  const isUpToDate =
    candidate.last.term > last.term ||
    (candidate.last.term === last.term && candidate.last.index >= last.index);
  return isUpToDate && !isAmnesiac && !refuses(candidate.id);
}
