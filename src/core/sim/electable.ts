// Who can be elected while nobody leads, in a cluster in which everything works again but for the disks that were lost.
//
// A voter v is electable if in each half of its configuration a majority can vote for it: replicas that remember
// everything, whose logs are no newer than v's, and which hear v: they know that it is a member. Its configuration is its own,
// or that of a voter who knows more to be committed of v's log than v, and so tells it when asking for its vote
// (commit-hint.ts). If there is an electable one, somebody must be elected, though not necessarily v:
// - Without a leader nobody's log changes, so v stays electable. What the others know of commits has long been told when
//   the question is asked.
// - v's clock runs out, and it asks for pre-votes. No lease holds them back, for nobody hears a leader. Who is in a later
//   term says so in its refusal; then v adopts that term, and is granted the pre-vote when it asks again.
// - Those with newer logs, learners and removed replicas may ask as well, and disturb nobody: a pre-vote changes neither
//   term nor vote nor clock of who grants it. To go on from there they need a majority too, and then they lead.
// - Only real candidates can take votes from each other. The random timeouts see to it that one wins before long.
// A leader by an old configuration is one that counts: it commits what it has, and so learns of the newer ones.
//
// If there is none, nobody is ever elected again, for votes come from nobody else, and who campaigns counts by its own
// configuration, whatever the newest one is.

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
