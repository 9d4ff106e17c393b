// How a replica that lost its disk, or is new, becomes a voter (ADR-0002, ADR-0004). A lost one may have voted and have
// acknowledged entries that it no longer knows, so it must not count before the log itself has taken it out and
// put it back: removed, added as a learner, caught up, promoted; each step a committed configuration change.
// The leader keeps no state for it: the step follows from the configuration and from what the replica says. Since a
// replica takes nothing in before it was told to follow, one that holds something was removed after its loss.

import { type LogIndex, logIndex, type NodeId } from "../../base/ids.ts";
import type { RejoinResponse } from "../../wire/gen/fleet/v1/raft.ts";

export interface ReadmissionView {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly isJoint: boolean;
  readonly commit: LogIndex;
  /** What the leader knows the replica to hold; 0 = nothing, or no progress is kept for it. */
  readonly match: LogIndex;
}

/** What the replica says that its disk holds; whole: the log that took it out and in again. */
export type Holding = "nothing" | "part" | "whole";

export type ReadmissionStep = "remove" | "add-learner" | "follow" | "promote" | "wait" | "voter";

/** What the leader tells the replica that asks. */
export type Readmission =
  | { readonly kind: "waiting" }
  /** The log up to this committed index has taken it out and in again; it may be wanted as a learner for good. */
  | { readonly kind: "learner"; readonly at: LogIndex; readonly stays?: boolean }
  | { readonly kind: "voter" };

/** What the peers' answers come to, of which only a leader's says anything. */
export function readmissionOf(answers: readonly RejoinResponse[]): Readmission {
  if (answers.some((answer) => answer.voter)) return { kind: "voter" };
  const at = Math.max(0, ...answers.map((answer) => answer.learnerAt));
  const stays = answers.some((answer) => answer.staysLearner);
  return at > 0 ? { kind: "learner", at: logIndex(at), stays } : { kind: "waiting" };
}

/** What the members' table wants the replica to be. */
export type Wanted = "voter" | "learner";

/** The view is that of a leader which has just been confirmed by a quorum. */
export function readmissionStep(
  view: ReadmissionView,
  node: NodeId,
  holding: Holding,
  wanted: Wanted,
): ReadmissionStep {
  if (view.isJoint) return "wait";
  const isVoter = view.voters.includes(node);
  const isLearner = view.learners.includes(node);
  if (!isVoter && !isLearner) return "add-learner";
  switch (holding) {
    case "nothing":
      // Progress from before the loss: the leader believes in entries that are gone (etcd#10817).
      return isVoter || view.match > 0 ? "remove" : "follow";
    case "part":
      return "follow";
    case "whole":
      if (isVoter) return "voter";
      return wanted === "voter" && view.match >= view.commit ? "promote" : "follow";
  }
}
