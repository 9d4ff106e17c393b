// How scripts print a leader's view of a follower.

import type { ProgressStatus } from "../../src/core/raft/status.ts";

const STATES = { probe: "StateProbe", replicate: "StateReplicate", snapshot: "StateSnapshot" } as const;

export function describeProgress(progress: ProgressStatus): string {
  const parts = [STATES[progress.state], `match=${progress.match}`, `next=${progress.next}`];
  if (progress.isLearner) parts.push("learner");
  if (progress.isPaused) parts.push("paused");
  if (progress.pendingSnapshot > 0) parts.push(`pendingSnap=${progress.pendingSnapshot}`);
  if (!progress.isRecentlyActive) parts.push("inactive");
  if (progress.inflight > 0)
    parts.push(`inflight=${progress.inflight}${progress.isInflightFull ? "[full]" : ""}`);
  return parts.join(" ");
}
