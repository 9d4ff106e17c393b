// Linearizable reads without a write to the log (Raft §6.4). The leader notes its commit index, confirms that
// it still leads, and answers with the index that must be applied before the read.

import { assert } from "../base/assert.ts";
import { type LogIndex, term as termOf } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { type Message, NO_NODE } from "./message.ts";
import { broadcastHeartbeat } from "./replication.ts";

/** Limit of waiting reads of all peers together. A peer sends one a turn for all its waiting callers. */
const READS_OF_PEERS_MAX = 4_096;

/**
 * MsgReadIndex: context is the requester's name for the read. Dropped when there is no leader: the requester
 * asks again.
 */
export function handleReadIndex(core: Core, message: Message): void {
  switch (core.role) {
    case "leader":
      if (message.from !== core.id && core.readOnly.size + core.postponedReads.length >= READS_OF_PEERS_MAX)
        return;
      // Until a leader commits an entry of its own term, it does not know which earlier ones are committed
      // (§6.4, step 1).
      if (hasCommittedInTerm(core)) startRead(core, message);
      else core.postponedReads.push(message);
      return;
    case "follower":
      if (core.leader !== NO_NODE)
        core.send("MsgReadIndex", { ...message, term: termOf(0), to: core.leader });
      return;
    case "candidate":
    case "pre-candidate":
      return;
  }
}

/** Whether a read that arrives now would be answered without a round of heartbeats. */
export function readsByLease(core: Core): boolean {
  return core.role === "leader" && hasCommittedInTerm(core) && holdsLease(core);
}

/** MsgReadIndexResp: the leader's answer to a follower's read. */
export function handleReadIndexResponse(core: Core, message: Message): void {
  if (core.role !== "follower") return;
  core.readStates.push({ index: message.index, context: message.context });
}

/** The commit index advanced: reads that waited for an entry of this term may start. */
export function releasePostponedReads(core: Core): void {
  if (core.postponedReads.length === 0 || !hasCommittedInTerm(core)) return;
  const postponed = core.postponedReads;
  core.postponedReads = [];
  for (const message of postponed) startRead(core, message);
}

/** Answers the reads for which a quorum has confirmed this leader. */
export function releaseConfirmedReads(core: Core): void {
  for (const { request, index } of core.readOnly.takeConfirmed(core.voters, core.id))
    answer(core, request, index);
}

function startRead(core: Core, request: Message): void {
  assert(core.role === "leader", "only a leader serves reads");
  const index = core.log.committed;
  if (holdsLease(core)) {
    answer(core, request, index);
    return;
  }
  core.readOnly.add({ request, index });
  releaseConfirmedReads(core);
  if (core.readOnly.newestPending > 0) broadcastHeartbeat(core);
}

function answer(core: Core, request: Message, index: LogIndex): void {
  if (request.from === core.id) core.readStates.push({ index, context: request.context });
  else core.send("MsgReadIndexResp", { to: request.from, index, context: request.context });
}

// A lease is void once this leader asked a member to campaign regardless of it: a new leader may exist
// (§6.4.1, §3.10).
function holdsLease(core: Core): boolean {
  const { readOnly, electionTicks } = core.config;
  const isLeased = readOnly === "lease-based" && core.lease.isHeld(core.voters, core.id, electionTicks);
  return isLeased && !core.hasWaivedLease;
}

function hasCommittedInTerm(core: Core): boolean {
  return core.log.term(core.log.committed) === core.term;
}
