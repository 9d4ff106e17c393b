// When a leader may call an entry committed, and which members it informs.

import { assert } from "../base/assert.ts";
import type { Core } from "./core.ts";
import { jointCommitted } from "./quorum.ts";
import { releasePostponedReads } from "./read-index.ts";
import { broadcastAppend } from "./replication.ts";

/**
 * "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
 * currentTerm: set commitIndex = N" (Figure 2). The last condition is the rule of §5.4.2. Counting replicas never
 * commits an entry of an earlier term. It is committed together with one of the current term. False if nothing new is
 * committed.
 */
export function advanceCommit(core: Core): boolean {
  assert(core.role === "leader", "only a leader decides what is committed");
  const index = jointCommitted(core.voters, (voter) => core.progressOf(voter)?.match);
  if (index <= core.log.committed || core.log.term(index) !== core.term) return false;
  core.log.commitTo(index);
  releasePostponedReads(core);
  broadcastAppend(core);
  return true;
}
