// Elections (Raft §5.2, §5.4.1, §9.6): campaigning, answering requests for votes, counting answers.

import { assert } from "../base/assert.ts";
import { logIndex, type NodeId, term as termOf } from "../base/ids.ts";
import { decodeCommitHint, encodeCommitHint } from "./commit-hint.ts";
import { votersOf } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type Message, NO_NODE } from "./message.ts";
import { jointVote } from "./quorum.ts";
import { broadcastAppend } from "./replication.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";

/** "transfer": the leader asked for it, so it skips the pre-election and ignores leases. */
export type Campaign = "pre-election" | "election" | "transfer";

const NO_HINT = new Uint8Array(0);
const PAGE_BYTES = 1024 * 1024;
const TRANSFER_MARK = Uint8Array.from("CampaignTransfer", (letter) => letter.charCodeAt(0));

/**
 * Starts a campaign if this replica may. It may not as a leader, when it can't be elected, or when it is
 * unsure of the configuration.
 */
export function campaign(core: Core, kind: Campaign): void {
  if (core.role === "leader" || !core.isPromotable || hasUnappliedConfChange(core)) return;
  startCampaign(core, kind);
}

function startCampaign(core: Core, kind: Campaign): void {
  const isPre = kind === "pre-election";
  if (isPre) becomePreCandidate(core);
  else becomeCandidate(core);
  const term = isPre ? termOf(core.term + 1) : core.term;
  const last = core.log.lastEntry;
  const context = kind === "transfer" ? TRANSFER_MARK : commitHint(core);
  for (const to of votersOf(core.membership.configuration)) {
    // The replica's own vote counts like any other: once it is durable.
    if (to === core.id) core.send(isPre ? "MsgPreVoteResp" : "MsgVoteResp", { to, term });
    else
      core.send(isPre ? "MsgPreVote" : "MsgVote", {
        to,
        term,
        index: last.index,
        logTerm: last.term,
        context,
      });
  }
}

/** A committed but unapplied change may have made the old configuration's quorum meaningless. */
function hasUnappliedConfChange(core: Core): boolean {
  const { applied, committed } = core.log;
  return core.log.some(
    logIndex(applied + 1),
    logIndex(committed + 1),
    PAGE_BYTES,
    (entry) => entry.type !== "normal",
  );
}

/** Whether the sender of this request for a vote is the target of a leadership transfer. */
export function isForced(message: Message): boolean {
  return (
    message.context.length === TRANSFER_MARK.length &&
    message.context.every((byte, at) => byte === TRANSFER_MARK[at])
  );
}

/**
 * MsgVote, MsgPreVote: logTerm/index = the candidate's last entry. Learners answer too: a learner that is
 * asked may be a voter in a configuration that it does not know yet.
 */
export function handleVoteRequest(core: Core, message: Message): void {
  if (core.role !== "leader" && !isForced(message)) learnCommit(core, message);
  const isPre = message.type === "MsgPreVote";
  const type = isPre ? "MsgPreVoteResp" : "MsgVoteResp";
  // "Each server will vote for at most one candidate in a given term" (§5.2).
  const mayVote =
    core.vote === message.from ||
    (core.vote === NO_NODE && core.leader === NO_NODE) ||
    (isPre && message.term > core.term);
  if (!mayVote || !core.log.isUpToDate({ term: message.logTerm, index: message.index })) {
    core.send(type, { to: message.from, reject: true, context: commitHint(core) });
    return;
  }
  core.send(type, { to: message.from, term: message.term, context: commitHint(core) });
  if (isPre) return;
  assert(message.term === core.term, "votes are for the current term");
  core.electionElapsed = 0;
  core.vote = message.from;
}

/** MsgVoteResp, MsgPreVoteResp: counted only in the kind of campaign that asked for it. */
export function handleVoteResponse(core: Core, message: Message): void {
  const wanted = message.type === "MsgPreVoteResp" ? "pre-candidate" : "candidate";
  if (core.role !== wanted) return;
  learnCommit(core, message);
  // As in `campaign`: the old configuration's quorum may no longer be one, and the new configuration may be
  // the only one with members left. A hint in another member's request may also have led to a change that
  // removes this replica. Without hints a campaigning replica learns of no commit.
  if (core.config.commitHints && (!core.isPromotable || hasUnappliedConfChange(core))) {
    becomeFollower(core, core.term, NO_NODE);
    return;
  }
  recordVote(core, message.from, !message.reject);
  switch (jointVote(core.voters, (voter) => core.votes.get(voter))) {
    case "won":
      if (wanted === "pre-candidate") {
        startCampaign(core, "election");
      } else {
        becomeLeader(core);
        broadcastAppend(core);
      }
      return;
    case "lost":
      becomeFollower(core, core.term, NO_NODE);
      return;
    case "pending":
  }
}

function commitHint({ config, log }: Core): Uint8Array {
  if (!config.commitHints) return NO_HINT;
  const term = log.term(log.committed);
  assert(typeof term === "number", "the last committed entry's term is known");
  return encodeCommitHint({ index: log.committed, term });
}

// An entry that is committed on another member and present here is committed here, with all entries before it
// (log matching, §5.3).
function learnCommit(core: Core, message: Message): void {
  if (!core.config.commitHints) return;
  const hint = decodeCommitHint(message.context);
  if (hint !== null && core.log.matches(hint)) core.log.commitTo(hint.index);
}

/** Only the first answer of a member counts. */
function recordVote(core: Core, from: NodeId, granted: boolean): void {
  if (!core.votes.has(from)) core.votes.set(from, granted);
}
