// MsgApp and its answer (Raft §5.3, AppendEntries). A follower that refuses answers with a hint: the term and
// index where the logs may agree. Leader and follower both skip whole terms. A long divergence therefore
// takes one round trip a term, not one an entry.

import { assert } from "../base/assert.ts";
import { logIndex } from "../base/ids.ts";
import { advanceCommit } from "./commit.ts";
import { contradictionOf } from "./contradiction.ts";
import type { Core } from "./core.ts";
import { followSender } from "./follow.ts";
import type { Message } from "./message.ts";
import type { Progress } from "./progress.ts";
import { sendAppend, tellAhead } from "./replication.ts";
import type { StepError } from "./step-error.ts";
import { tellToCampaign } from "./tell-to-campaign.ts";

/**
 * MsgApp: logTerm/index = the entry before `entries`, commit = the leader's commit index. With `reject` it
 * carries no entries. It then says that the receiver acknowledged more than the leader's log held, which
 * ended at `index`.
 */
export function handleAppend(core: Core, message: Message): StepError | null {
  if (!followSender(core, message)) return null;
  if (contradictionOf(core.log, message) !== null) return "committed-entries-lost";
  // The terms may be equal: replicas that forgot their votes may elect a leader in a term that was used
  // before.
  if (message.reject) return message.index < core.log.committed ? "committed-entries-lost" : null;
  const to = message.from;
  if (message.index < core.log.committed) {
    core.send("MsgAppResp", { to, index: core.log.committed });
    return null;
  }
  const last = core.log.appendAfter({ index: message.index, term: message.logTerm }, message.entries);
  if (last !== null) {
    // "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)" (Figure 2).
    core.log.commitTo(logIndex(Math.min(message.commit, last)));
    core.send("MsgAppResp", { to, index: last });
    return null;
  }
  const searchFrom = logIndex(Math.min(message.index, core.log.lastIndex));
  const hint = core.log.lastIndexWithin(searchFrom, message.logTerm);
  core.send("MsgAppResp", {
    to,
    index: message.index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  });
  return null;
}

/**
 * MsgAppResp: index = the last stored entry. If refused: index = the refused one, rejectHint/logTerm = where
 * the logs may agree.
 */
export function handleAppendResponse(core: Core, message: Message): StepError | null {
  if (core.role !== "leader") return null;
  const progress = core.progressOf(message.from);
  if (progress === undefined) return null;
  progress.isRecentlyActive = true;
  // A follower stores only what its leader has. A follower that acknowledges more holds entries that this
  // leader's quorum has lost. Its acknowledgements in this term then don't prove that it holds this leader's
  // entries.
  if (!message.reject && message.index > core.log.lastIndex) {
    assert(message.from !== core.id, "a leader stores what it acknowledges to itself");
    // Sent once here, and then with every heartbeat: a replica of an earlier build answers it like any
    // append.
    if (progress.aheadOf === null) tellAhead(core, message.from, core.log.lastIndex);
    progress.aheadOf ??= core.log.lastIndex;
  }
  if (progress.aheadOf !== null) return "peer-ahead";
  if (message.reject) handleRefusal(core, message, progress);
  else handleAcknowledgement(core, message, progress);
  return null;
}

function handleRefusal(core: Core, message: Message, progress: Progress): void {
  const { rejectHint, logTerm } = message;
  const next = logTerm > 0 ? core.log.lastIndexWithin(rejectHint, logTerm).index : rejectHint;
  if (!progress.decreaseTo(message.index, next)) return;
  if (progress.state === "replicate") progress.becomeProbe();
  sendAppend(core, message.from, true);
}

function handleAcknowledgement(core: Core, message: Message, progress: Progress): void {
  const { from, index } = message;
  const isNews = progress.update(index) || (progress.match === index && progress.state === "probe");
  if (!isNews) return;

  advanceState(core, message, progress);
  const isOther = from !== core.id;
  if (!advanceCommit(core) && isOther && progress.wantsCommit(core.log.committed))
    sendAppend(core, from, true);
  // Freed space may allow several messages at once.
  let maySendMore = isOther;
  while (maySendMore) maySendMore = sendAppend(core, from, false);
  if (from === core.transferee && progress.match === core.log.lastIndex) tellToCampaign(core, from);
}

function advanceState(core: Core, message: Message, progress: Progress): void {
  switch (progress.state) {
    case "probe":
      progress.becomeReplicate();
      return;
    case "snapshot":
      // It does not matter where the follower got its entries from: once they connect to this log, it can
      // replicate.
      if (progress.match + 1 < core.log.firstIndex) return;
      progress.becomeProbe();
      progress.becomeReplicate();
      return;
    case "replicate":
      progress.inflights.freeThrough(message.index);
  }
}
