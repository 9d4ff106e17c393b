// MsgHeartbeat and its answer: they keep followers from campaigning, tell the commit index, show the leader
// who is alive, resume a paused flow, and confirm reads.

import type { Core } from "./core.ts";
import { followSender } from "./follow.ts";
import { decodeHeartbeatContext } from "./heartbeat-context.ts";
import type { Message } from "./message.ts";
import { releaseConfirmedReads } from "./read-index.ts";
import { sendAppend, tellAhead } from "./replication.ts";
import type { StepError } from "./step-error.ts";

/** MsgHeartbeat: commit = what of the receiver's log is known to be committed; context = the newest waiting read, and when it was sent. */
export function handleHeartbeat(core: Core, message: Message): StepError | null {
  if (!followSender(core, message)) return null;
  // A leader tells no more than this replica has acknowledged. What is not here any more was lost here.
  if (message.commit > core.log.lastIndex) return "acknowledged-entries-lost";
  core.log.commitTo(message.commit);
  core.send("MsgHeartbeatResp", { to: message.from, context: message.context });
  return null;
}

/** MsgHeartbeatResp: context = that of the heartbeat. */
export function handleHeartbeatResponse(core: Core, message: Message): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(message.from);
  if (progress === undefined) return;
  progress.isRecentlyActive = true;
  progress.isFlowPaused = false;
  // Again, for one that has been started again since.
  if (progress.aheadOf !== null) tellAhead(core, message.from, progress.aheadOf);
  if (progress.match < core.log.lastIndex || progress.state === "probe") sendAppend(core, message.from, true);
  const { read, sentAt } = decodeHeartbeatContext(message.context);
  core.lease.confirm(message.from, sentAt);
  if (read === 0) return;
  core.readOnly.confirm(message.from, read);
  releaseConfirmedReads(core);
}
