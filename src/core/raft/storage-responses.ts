// What the storage threads report: entries and snapshots became durable, entries were applied. In synchronous
// mode `advance` steps the same messages.

import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { encodedBytesOf } from "./entry-size.ts";
import { releaseUncommitted } from "./leader-log.ts";
import type { Message, Snapshot } from "./message.ts";
import { propose } from "./proposal.ts";

/** MsgStorageAppendResp: logTerm/index = the last entry that is now durable; snapshot = the installed one. */
export function handleStorageAppendResponse(core: Core, message: Message): void {
  if (message.index !== 0) core.log.unstable.stableTo(message.index, message.logTerm);
  if (message.snapshot !== null) appliedSnapshot(core, message.snapshot);
}

/**
 * A response of an earlier term must not make entries stable. An append that is still in flight may have
 * overwritten them, and a third may have written the same entries again (ABA). Each new term writes a hard
 * state, so a later response covers them. A snapshot covers only committed entries, which are never
 * overwritten.
 */
export function handleStaleStorageAppendResponse(core: Core, message: Message): void {
  if (message.snapshot !== null) appliedSnapshot(core, message.snapshot);
}

/** MsgStorageApplyResp: entries = the applied ones. */
export function handleStorageApplyResponse(core: Core, message: Message): void {
  const last = message.entries.at(-1);
  if (last === undefined) return;
  appliedTo(core, last.index, encodedBytesOf(message.entries));
  releaseUncommitted(core, message.entries);
}

function appliedSnapshot(core: Core, snapshot: Snapshot): void {
  core.log.unstable.stableSnapshotTo(snapshot.index);
  appliedTo(core, snapshot.index, 0);
}

function appliedTo(core: Core, index: LogIndex, bytes: number): void {
  const applied = logIndex(Math.max(index, core.log.applied));
  core.log.appliedTo(applied, bytes);
  // The joint configuration is applied, so the old one's majority is not needed any more (§4.3). If a
  // leadership transfer makes the core drop this proposal, the next call tries again.
  const leavesNow = core.membership.configuration.autoLeave && applied >= core.pendingConfIndex;
  if (leavesNow && core.role === "leader")
    propose(core, [{ type: "conf-change-v2", data: new Uint8Array(0) }]);
}
