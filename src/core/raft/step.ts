// The only entry for messages: which are accepted, what their terms mean, and which handler gets them. The
// rules of terms hold for every message before its handler sees it (Raft §5.1).

import { assert } from "../base/assert.ts";
import { handleAppend, handleAppendResponse } from "./append.ts";
import type { Core } from "./core.ts";
import { handleVoteRequest, handleVoteResponse, isForced } from "./election.ts";
import { handleHeartbeat, handleHeartbeatResponse } from "./heartbeat.ts";
import { APPEND_THREAD, APPLY_THREAD, type Message, type MessageType, NO_NODE } from "./message.ts";
import { handleProposal } from "./proposal.ts";
import { handleReadIndex, handleReadIndexResponse } from "./read-index.ts";
import { becomeFollower } from "./roles.ts";
import { handleSnapshot } from "./snapshot.ts";
import type { StepError } from "./step-error.ts";
import {
  handleStaleStorageAppendResponse,
  handleStorageAppendResponse,
  handleStorageApplyResponse,
} from "./storage-responses.ts";
import { forgetLeader, handleTimeoutNow, handleTransfer } from "./transfer.ts";
import { isWellFormed } from "./well-formed.ts";

const LOCAL: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgHup",
  "MsgBeat",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgStorageAppend",
  "MsgStorageAppendResp",
  "MsgStorageApply",
  "MsgStorageApplyResp",
]);

const FROM_STORAGE: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgStorageAppendResp",
  "MsgStorageApplyResp",
]);

const RESPONSES: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgAppResp",
  "MsgVoteResp",
  "MsgPreVoteResp",
  "MsgHeartbeatResp",
  "MsgReadIndexResp",
]);

/** A message from outside. Null if it was accepted, even if it is then ignored. */
export function receive(core: Core, message: Message): StepError | null {
  const { type, from } = message;
  if (FROM_STORAGE.has(type) && (from === APPEND_THREAD || from === APPLY_THREAD)) return step(core, message);
  if (LOCAL.has(type)) return "local-message";
  if (!isWellFormed(message, core)) return "malformed";
  if (!core.reach.allows(message, { term: core.term, lastIndex: core.log.lastIndex })) return "out-of-reach";
  if (type === "MsgProp" && core.config.disableProposalForwarding) return "forwarding-off";
  if (RESPONSES.has(type) && core.progressOf(from) === undefined) return "peer-not-found";
  return step(core, message);
}

/** A message that is known to be genuine, such as the replica's own acknowledgements. */
export function step(core: Core, message: Message): StepError | null {
  if (message.term > core.term) {
    if (isHeldOffByLease(core, message)) return null;
    adoptTerm(core, message);
  } else if (message.term !== 0 && message.term < core.term) {
    answerStale(core, message);
    return null;
  }
  return dispatch(core, message);
}

// "If a server receives a RequestVote request within the minimum election timeout of hearing from a current
// leader, it does not update its term or grant its vote" (§4.2.3). The exception: the leader itself asked for
// the campaign.
function isHeldOffByLease(core: Core, message: Message): boolean {
  if (message.type !== "MsgVote" && message.type !== "MsgPreVote") return false;
  const { electionTicks, checkQuorum } = core.config;
  const hasHeardLeader = core.leader !== NO_NODE && core.electionElapsed < electionTicks;
  return checkQuorum && (hasHeardLeader || mayOweLease(core)) && !isForced(message);
}

// After a restart this replica has forgotten that it heard a leader. That leader may still rely on it: it
// answers reads for an election timeout after a heartbeat that this replica answered (§6.4.1). A replica in
// its first term has heard no leader.
function mayOweLease(core: Core): boolean {
  const { readOnly, electionTicks } = core.config;
  return readOnly === "lease-based" && core.hasRun && core.ticks < electionTicks;
}

// "If one server's current term is smaller than the other's, then it updates its current term" (§5.1).
function adoptTerm(core: Core, message: Message): void {
  const { type } = message;
  // A pre-candidate asks about a term that it has not entered and may never enter, so a granted answer proves
  // no such term. A refusal proves its term.
  if (type === "MsgPreVote" || (type === "MsgPreVoteResp" && !message.reject)) return;
  const isFromLeader = type === "MsgApp" || type === "MsgHeartbeat" || type === "MsgSnap";
  core.reach.rose(message.term - core.term);
  becomeFollower(core, message.term, isFromLeader ? message.from : NO_NODE);
}

// "If a server receives a request with a stale term number, it rejects the request" (§5.1). Most are ignored:
// their senders learn the new term by other messages.
function answerStale(core: Core, message: Message): void {
  const to = message.from;
  const isFromLeader = message.type === "MsgApp" || message.type === "MsgHeartbeat";
  if (isFromLeader && (core.config.checkQuorum || core.config.preVote)) {
    // A replica's term may run ahead while it was cut off. Under these options it gets no votes and does not
    // raise terms by campaigning. The old leader must learn its term by this answer; otherwise the replica
    // would be stuck.
    core.send("MsgAppResp", { to });
  } else if (message.type === "MsgPreVote") {
    core.send("MsgPreVoteResp", { to, reject: true });
  } else if (message.type === "MsgStorageAppendResp") {
    handleStaleStorageAppendResponse(core, message);
  }
}

function dispatch(core: Core, message: Message): StepError | null {
  switch (message.type) {
    case "MsgProp":
      return handleProposal(core, message).ok ? null : "proposal-dropped";
    case "MsgApp":
      return handleAppend(core, message);
    case "MsgAppResp":
      return handleAppendResponse(core, message);
    case "MsgVote":
    case "MsgPreVote":
      handleVoteRequest(core, message);
      return null;
    case "MsgVoteResp":
    case "MsgPreVoteResp":
      handleVoteResponse(core, message);
      return null;
    case "MsgSnap":
      return handleSnapshot(core, message);
    case "MsgHeartbeat":
      return handleHeartbeat(core, message);
    case "MsgHeartbeatResp":
      handleHeartbeatResponse(core, message);
      return null;
    case "MsgTransferLeader":
      handleTransfer(core, message);
      return null;
    case "MsgTimeoutNow":
      handleTimeoutNow(core);
      return null;
    case "MsgForgetLeader":
      forgetLeader(core);
      return null;
    case "MsgReadIndex":
      handleReadIndex(core, message);
      return null;
    case "MsgReadIndexResp":
      handleReadIndexResponse(core, message);
      return null;
    case "MsgStorageAppendResp":
      handleStorageAppendResponse(core, message);
      return null;
    case "MsgStorageApplyResp":
      handleStorageApplyResponse(core, message);
      return null;
    case "MsgHup":
    case "MsgBeat":
    case "MsgUnreachable":
    case "MsgSnapStatus":
    case "MsgCheckQuorum":
    case "MsgStorageAppend":
    case "MsgStorageApply":
      assert(false, "these are calls of RaftNode or work for storage, never stepped");
  }
}
