// What a driver tells a leader about its connections, so that it need not wait for a missing answer.

import type { NodeId } from "../base/ids.ts";
import type { Core } from "./core.ts";

/** What was sent optimistically is probably lost. */
export function reportUnreachable(core: Core, id: NodeId): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(id);
  if (progress?.state === "replicate") progress.becomeProbe();
}

/** A snapshot was received, or is known to be lost. Probing waits for the next sign of life in either case. */
export function reportSnapshot(core: Core, id: NodeId, ok: boolean): void {
  if (core.role !== "leader") return;
  const progress = core.progressOf(id);
  if (progress?.state !== "snapshot") return;
  if (ok) progress.becomeProbe();
  else progress.abandonSnapshot();
  progress.isFlowPaused = true;
}
