// What a leader sends to bring followers' logs in line with its own (Raft §5.3, §7). It sends appends, heartbeats, and
// snapshots where the needed entries are compacted. The follower's progress decides whether it may send.

import { assert, present } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { payloadBytesOf } from "./entry-size.ts";
import { encodeHeartbeatContext } from "./heartbeat-context.ts";
import type { Progress } from "./progress.ts";

/** Sends one MsgApp, or a snapshot in its place. False if nothing was sent. */
export function sendAppend(core: Core, to: NodeId, evenIfEmpty: boolean): boolean {
  assert(core.role === "leader", "only a leader appends to others");
  const progress = present(core.progressOf(to), "appends go to members");
  if (progress.isPaused) return false;

  const previous = logIndex(progress.next - 1);
  const previousTerm = core.log.term(previous);
  if (typeof previousTerm !== "number") return sendSnapshot(core, to, progress);

  const isWindowFull = progress.state === "replicate" && progress.inflights.isFull;
  const entries = isWindowFull ? [] : core.log.entriesFrom(progress.next, core.config.messageBytesMax);
  if (entries === "compacted") return sendSnapshot(core, to, progress);
  if (entries.length === 0 && !evenIfEmpty) return false;

  const commit = core.log.committed;
  core.send("MsgApp", { to, index: previous, logTerm: previousTerm, entries, commit });
  progress.sentEntries(entries.length, payloadBytesOf(entries));
  progress.sentCommit(commit);
  return true;
}

/** Informs a follower that it acknowledged more than this leader's log held, which ended at `end`. */
export function tellAhead(core: Core, to: NodeId, end: LogIndex): void {
  core.send("MsgApp", { to, index: end, commit: core.log.committed, reject: true });
}

/** One message to each member. Empty ones are sent too, because they carry the commit index. */
export function broadcastAppend(core: Core): void {
  for (const id of core.peers) sendAppend(core, id, true);
}

/**
 * Carries the number of the newest waiting read, so that the next round repeats a lost round of
 * confirmations.
 */
export function broadcastHeartbeat(core: Core): void {
  assert(core.role === "leader", "only a leader sends heartbeats");
  const sentAt = core.config.readOnly === "lease-based" ? core.lease.now : 0;
  const context = encodeHeartbeatContext({ read: core.readOnly.newestPending, sentAt });
  for (const to of core.peers) {
    const progress = present(core.progressOf(to), "peers are members");
    // Never above match: beyond it this leader does not know that the follower's entries are the same as its
    // own.
    const commit = lower(progress.match, core.log.committed);
    core.send("MsgHeartbeat", { to, commit, context });
    progress.sentCommit(commit);
  }
}

function sendSnapshot(core: Core, to: NodeId, progress: Progress): boolean {
  // A snapshot is expensive. If the follower is down, it would also block the progress until it is reported.
  if (!progress.isRecentlyActive) return false;
  const snapshot = core.log.snapshot();
  if (snapshot === "unavailable") return false;
  assert(snapshot.index > 0, "a log with compacted entries has a snapshot");
  progress.becomeSnapshot(snapshot.index);
  core.send("MsgSnap", { to, snapshot });
  return true;
}

function lower(a: LogIndex, b: LogIndex): LogIndex {
  return a < b ? a : b;
}
