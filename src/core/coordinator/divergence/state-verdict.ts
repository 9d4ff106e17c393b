// Which applied state is right at a checkpoint (ADR-0017): pure. The state of a majority of the voters is
// right, just as an entry that a majority has stored is committed. A missing answer is no vote: its sender
// may be down, slow, or of an older build. A fenced voter has no vote either, but still counts for the size
// of the quorum.

import type { NodeId } from "../../base/ids.ts";
import { jointVote, type VoterHalves } from "../../raft/quorum.ts";

/**
 * The digest of a replica's state at the checkpoint; null = it is fenced, because it knows that its own is
 * wrong.
 */
export type StateAnswer = string | null;

export type StateVerdict =
  /** Missing answers may still decide. */
  | { readonly kind: "open" }
  | { readonly kind: "majority"; readonly digest: string }
  /** Voters differ, and no digest has a majority: it is unknown which state is right. */
  | { readonly kind: "disputed" };

/** `isOver`: no more answers are waited for. */
export function stateVerdict(
  voters: VoterHalves,
  answers: ReadonlyMap<NodeId, StateAnswer>,
  isOver: boolean,
): StateVerdict {
  const all = new Set([...voters.incoming, ...voters.outgoing]);
  const digests = new Set(
    [...answers].flatMap(([node, digest]) => (all.has(node) && digest ? [digest] : [])),
  );
  // Every voter has answered, and those that are not fenced agree: an operator who fenced the others has
  // settled it.
  const [only] = digests;
  const isComplete = [...all].every((voter) => answers.has(voter));
  if (only !== undefined && digests.size === 1 && isComplete) return { kind: "majority", digest: only };
  let mayWin = false;
  for (const digest of digests) {
    const result = jointVote(voters, (voter) =>
      answers.has(voter) ? answers.get(voter) === digest : undefined,
    );
    if (result === "won") return { kind: "majority", digest };
    if (result === "pending") mayWin = true;
  }
  const differ = digests.size > 1;
  return differ && (isOver || !mayWin) ? { kind: "disputed" } : { kind: "open" };
}
