// MsgHeartbeat and its answer. They keep followers from campaigning, carry the commit index, show the leader
// which members are alive, resume a paused flow, and confirm reads.

import type { Core } from "./core.ts";
import { followSender } from "./follow.ts";
import { decodeHeartbeatContext } from "./heartbeat-context.ts";
import type { Message } from "./message.ts";
import { releaseConfirmedReads } from "./read-index.ts";
import { sendAppend, tellAhead } from "./replication.ts";
import type { StepError } from "./step-error.ts";

/**
 * MsgHeartbeat: commit = the part of the receiver's log that is known to be committed. context = the newest
 * waiting read, and when the heartbeat was sent.
 */
export function handleHeartbeat(core: Core, message: Message): StepError | null {
  if (!followSender(core, message)) return null;
  // A leader sends no commit index above what this replica has acknowledged. An entry that is missing here
  // was lost here.
  if (message.commit > core.log.lastIndex) return "acknowledged-entries-lost";
  core.log.commitTo(message.commit);
  core.send("MsgHeartbeatResp", { to: message.from, context: message.context });
  return null;
}

/** MsgHeartbeatResp: context = the context of the heartbeat. */
export function handleHeartbeatResponse(core: Core, message: Message): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(message.from);
  if (progress === undefined) return;
  progress.isRecentlyActive = true;
  progress.isFlowPaused = false;
  // Sent again, in case the follower was restarted meanwhile.
  if (progress.aheadOf !== null) tellAhead(core, message.from, progress.aheadOf);
  if (progress.match < core.log.lastIndex || progress.state === "probe") sendAppend(core, message.from, true);
  const { read, sentAt } = decodeHeartbeatContext(message.context);
  core.lease.confirm(message.from, sentAt);
  if (read === 0) return;
  core.readOnly.confirm(message.from, read);
  releaseConfirmedReads(core);
}
