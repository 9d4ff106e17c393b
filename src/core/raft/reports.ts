// What a driver reports to a leader about its connections, so that the leader need not wait for a missing
// answer.

import type { NodeId } from "../base/ids.ts";
import type { Core } from "./core.ts";

/** Messages sent optimistically are probably lost. */
export function reportUnreachable(core: Core, id: NodeId): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(id);
  if (progress?.state === "replicate") progress.becomeProbe();
}

/**
 * The follower received a snapshot, or the snapshot is known to be lost. In either case probing waits for the
 * follower's next message.
 */
export function reportSnapshot(core: Core, id: NodeId, ok: boolean): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(id);
  if (progress?.state !== "snapshot") return;
  if (ok) progress.becomeProbe();
  else progress.abandonSnapshot();
  progress.isFlowPaused = true;
}
