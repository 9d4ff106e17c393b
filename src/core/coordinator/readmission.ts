// How a replica that lost its disk becomes a voter again under its old id (ADR-0002). It may have voted and have
// acknowledged entries that it no longer knows, so it must not count before the log itself has taken it out and
// put it back: removed, added as a learner, caught up, promoted; each step a committed configuration change.
// The leader keeps no state for it: the step follows from the configuration and from what the replica says.

import type { LogIndex, NodeId } from "../base/ids.ts";

export interface ReadmissionView {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly isJoint: boolean;
  readonly commit: LogIndex;
  /** What the leader knows the replica to hold; 0 = nothing, or no progress is kept for it. */
  readonly match: LogIndex;
}

export type ReadmissionStep = "remove" | "add-learner" | "promote" | "wait" | "voter";

/** `restored`: the replica has taken a snapshot and follows the log; false: it holds nothing. */
export function readmissionStep(view: ReadmissionView, node: NodeId, restored: boolean): ReadmissionStep {
  if (view.isJoint) return "wait";
  const isVoter = view.voters.includes(node);
  const isLearner = view.learners.includes(node);
  if (!isVoter && !isLearner) return "add-learner";
  if (restored) {
    if (isVoter) return "voter";
    return view.match >= view.commit ? "promote" : "wait";
  }
  // Progress from before the loss: the leader believes in entries that are gone (etcd#10817).
  return isVoter || view.match > 0 ? "remove" : "wait";
}
