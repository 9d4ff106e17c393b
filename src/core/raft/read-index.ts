// Linearizable reads without writing to the log (Raft §6.4): the leader notes its commit index, makes sure
// that it still leads, and tells the asker the index that must be applied before the read is answered.

import { assert } from "../base/assert.ts";
import { type LogIndex, term as termOf } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { type Message, NO_NODE } from "./message.ts";
import { broadcastHeartbeat } from "./replication.ts";

/** Of peers together; each asks once a turn, for all who wait there. */
const READS_OF_PEERS_MAX = 4_096;

/** MsgReadIndex: context is the asker's name for the read. Dropped without a leader: the asker asks again. */
export function handleReadIndex(core: Core, message: Message): void {
  switch (core.role) {
    case "leader":
      if (message.from !== core.id && core.readOnly.size + core.postponedReads.length >= READS_OF_PEERS_MAX)
        return;
      // Until an entry of its own term is committed, a leader does not know which earlier ones are (§6.4, step 1).
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

/** Whether a read that came now would be answered without asking the others. */
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

// A lease is void once somebody was told to campaign regardless of it: a new leader may exist (§6.4.1, §3.10).
function holdsLease(core: Core): boolean {
  const { readOnly, electionTicks } = core.config;
  const isLeased = readOnly === "lease-based" && core.lease.isHeld(core.voters, core.id, electionTicks);
  return isLeased && !core.hasWaivedLease;
}

function hasCommittedInTerm(core: Core): boolean {
  return core.log.term(core.log.committed) === core.term;
}
