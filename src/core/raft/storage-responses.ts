// What the storage threads report: entries and snapshots became durable, entries were applied. In
// synchronous mode the same messages are stepped by `advance`.

import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { encodedBytesOf } from "./entry-size.ts";
import { releaseUncommitted } from "./leader-log.ts";
import type { Message, Snapshot } from "./message.ts";
import { propose } from "./proposal.ts";

/** MsgStorageAppendResp: logTerm/index = the last entry that is now durable; snapshot = installed. */
export function handleStorageAppendResponse(core: Core, message: Message): void {
  if (message.index !== 0) core.log.unstable.stableTo(message.index, message.logTerm);
  if (message.snapshot !== null) appliedSnapshot(core, message.snapshot);
}

/**
 * One of an earlier term must not make entries stable: they may have been overwritten by an append that is
 * still under way, and be the same again in a third (ABA). Each new term writes a hard state, hence a later
 * response tells. A snapshot covers only committed entries, which nobody overwrites.
 */
export function handleStaleStorageAppendResponse(core: Core, message: Message): void {
  if (message.snapshot !== null) appliedSnapshot(core, message.snapshot);
}

/** MsgStorageApplyResp: entries = those that were applied. */
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
  // The joint configuration is applied: a majority of the old one is not needed any more (§4.3). If this is
  // dropped because of a leadership transfer, the next call tries again.
  const leavesNow = core.membership.configuration.autoLeave && applied >= core.pendingConfIndex;
  if (leavesNow && core.role === "leader")
    propose(core, [{ type: "conf-change-v2", data: new Uint8Array(0) }]);
}
