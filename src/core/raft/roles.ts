// The only place where a replica's role changes. Each function states the edges that Figure 4 of the paper
// allows and asserts them first.

import { assert, present } from "../base/assert.ts";
import { logIndex, type NodeId, type Term, term as termOf } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { Inflights } from "./inflights.ts";
import { appendOwn } from "./leader-log.ts";
import { Lease } from "./lease.ts";
import { NO_NODE } from "./message.ts";
import { Progress } from "./progress.ts";
import { ReadOnly } from "./read-only.ts";

// "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower" (Figure 2).
export function becomeFollower(core: Core, term: Term, leader: NodeId): void {
  assert(term >= core.term, "terms never go back");
  reset(core, term);
  core.role = "follower";
  core.leader = leader;
}

// "A pre-candidate doesn't increment its term" until it has learnt that it would win (Raft §9.6).
export function becomePreCandidate(core: Core): void {
  assert(core.role !== "leader", "a leader does not campaign");
  core.votes.clear();
  core.role = "pre-candidate";
  core.leader = NO_NODE;
}

// "On conversion to candidate: increment currentTerm, vote for self, reset election timer" (Figure 2).
export function becomeCandidate(core: Core): void {
  assert(core.role !== "leader", "a leader does not campaign");
  reset(core, termOf(core.term + 1));
  core.vote = core.id;
  core.role = "candidate";
}

// "If votes received from majority of servers: become leader" (Figure 2). The new leader appends an empty
// entry of its term: entries of earlier terms are committed only together with one of its own (§5.4.2, §8).
export function becomeLeader(core: Core): void {
  assert(core.role === "candidate", "only a candidate becomes leader");
  assert(core.vote === core.id, "a leader voted for itself");
  reset(core, core.term);
  core.role = "leader";
  core.leader = core.id;
  const own = present(core.progressOf(core.id), "only a member is elected");
  own.becomeReplicate();
  own.isRecentlyActive = true;
  // An unapplied change may be anywhere in the log. Refusing changes until all of the log is applied is
  // cheaper than a search, and keeps single-server changes safe (Ongaro, raft-dev 2015).
  core.pendingConfIndex = core.log.lastIndex;
  const index = appendOwn(core, [{ type: "normal", data: new Uint8Array(0) }]);
  assert(index !== null, "an empty entry is never refused");
}

function reset(core: Core, term: Term): void {
  if (term !== core.term) {
    core.term = term;
    core.vote = NO_NODE;
  }
  core.leader = NO_NODE;
  core.electionElapsed = 0;
  core.heartbeatElapsed = 0;
  core.randomizedElectionTicks =
    core.config.electionTicks + core.config.random.below(core.config.electionTicks);
  core.transferee = NO_NODE;
  core.hasWaivedLease = false;
  core.votes.clear();
  core.pendingConfIndex = logIndex(0);
  core.uncommittedBytes = 0;
  core.readOnly = new ReadOnly();
  core.lease = new Lease();
  core.postponedReads = [];
  resetProgress(core);
}

function resetProgress(core: Core): void {
  const { configuration, progress } = core.membership;
  const fresh = [...progress].map(([id, { isLearner }]) => [id, newProgress(core, id, isLearner)] as const);
  core.membership = { configuration, progress: new Map(fresh) };
}

function newProgress(core: Core, id: NodeId, isLearner: boolean): Progress {
  const { lastIndex, inflightMessagesMax, inflightBytesMax } = core.newMembers;
  return new Progress({
    match: id === core.id ? lastIndex : logIndex(0),
    next: logIndex(lastIndex + 1),
    isLearner,
    isRecentlyActive: false,
    inflights: new Inflights(inflightMessagesMax, inflightBytesMax),
  });
}
