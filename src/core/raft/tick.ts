// The passing of time: followers wait for a leader and campaign; leaders send heartbeats and check that a
// quorum still hears them.

import type { Core } from "./core.ts";
import { campaign } from "./election.ts";
import { NO_NODE } from "./message.ts";
import { jointVote } from "./quorum.ts";
import { broadcastHeartbeat } from "./replication.ts";
import { becomeFollower } from "./roles.ts";

export function tick(core: Core): void {
  core.electionElapsed += 1;
  core.ticks += 1;
  core.reach.tick();
  if (core.role === "leader") tickLeader(core);
  else tickElection(core);
}

// "If election timeout elapses without receiving AppendEntries RPC from current leader or granting vote to
// candidate: convert to candidate" (Figure 2).
function tickElection(core: Core): void {
  if (!core.isPromotable || core.electionElapsed < core.randomizedElectionTicks) return;
  core.electionElapsed = 0;
  campaignByConfig(core);
}

/** A campaign without a leader's request begins with a pre-election, where that is configured. */
export function campaignByConfig(core: Core): void {
  campaign(core, core.config.preVote ? "pre-election" : "election");
}

function tickLeader(core: Core): void {
  core.heartbeatElapsed += 1;
  core.lease.tick();
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum) checkQuorum(core);
    // The target did not take over in time; proposals are accepted again (§3.10).
    core.transferee = NO_NODE;
  }
  if (core.role !== "leader" || core.heartbeatElapsed < core.config.heartbeatTicks) return;
  core.heartbeatElapsed = 0;
  broadcastHeartbeat(core);
}

// "A leader steps down if an election timeout elapses without a successful round of heartbeats to a majority
// of its cluster" (§6.2).
function checkQuorum(core: Core): void {
  const isActive =
    jointVote(core.voters, (voter) => core.progressOf(voter)?.isRecentlyActive ?? false) === "won";
  if (!isActive) becomeFollower(core, core.term, NO_NODE);
  for (const [id, progress] of core.membership.progress) {
    if (id !== core.id) progress.isRecentlyActive = false;
  }
}
