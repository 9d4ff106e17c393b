// How a replica that lost its disk, or is new, becomes a voter (ADR-0002, ADR-0004). A lost one may have
// voted and acknowledged entries that it has forgotten. So it must not count before the log itself has
// removed it and added it again. The steps are: removed, added as a learner, caught up, promoted. Each is a
// committed configuration change. The step follows from the configuration and the replica's reports. A replica
// accepts no entries before it may follow. So one that holds entries was removed after its loss.

import { type LogIndex, logIndex, type NodeId } from "../../base/ids.ts";
import type { RejoinResponse } from "../../wire/gen/fleet/v1/raft.ts";

export interface ReadmissionView {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly isJoint: boolean;
  readonly commit: LogIndex;
  /** What the replica holds, by the leader's progress; 0 = nothing, or there is no progress for it. */
  readonly match: LogIndex;
  /** Its last report to this leader, in this term, was `nothing` too, and the leader's progress said more then. */
  readonly wasDoubted: boolean;
}

/** What the replica reports about its disk. whole: it holds the log that removed it and added it again. */
export type Holding = "nothing" | "part" | "whole";

export type ReadmissionStep = "remove" | "add-learner" | "follow" | "promote" | "wait" | "voter";

/** The leader's answer to the asking replica. */
export type Readmission =
  | { readonly kind: "waiting" }
  /** The log up to this committed index has removed it and added it again. It may be a learner for good. */
  | { readonly kind: "learner"; readonly at: LogIndex; readonly stays?: boolean }
  | { readonly kind: "voter" };

/** The result of the peers' answers; only a leader's counts. */
export function readmissionOf(answers: readonly RejoinResponse[]): Readmission {
  if (answers.some((answer) => answer.voter)) return { kind: "voter" };
  const at = Math.max(0, ...answers.map((answer) => answer.learnerAt));
  const stays = answers.some((answer) => answer.staysLearner);
  return at > 0 ? { kind: "learner", at: logIndex(at), stays } : { kind: "waiting" };
}

/** The replica's kind in the members' table. */
export type Wanted = "voter" | "learner";

/** The view must be from a leader that a quorum has just confirmed. */
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
      if (isVoter) return "remove";
      if (view.match === 0) return "follow";
      // Progress from before the loss: the leader relies on entries that are gone (etcd#10817). But a new
      // learner may have stored its first entries while this report was under way. Its next report says so.
      return view.wasDoubted ? "remove" : "wait";
    case "part":
      return "follow";
    case "whole":
      if (isVoter) return "voter";
      return wanted === "voter" && view.match >= view.commit ? "promote" : "follow";
  }
}
