// Whether a replica's disk is slow for good, and which replica should lead instead: pure. The others can't
// see a leader's disk. Heartbeats need no disk, so no other is elected, while every write waits for it (a
// known problem of etcd). The rule uses observations every half second. A disk is slow if for 3 s its median,
// or a hanging frame, took longer than half an election timeout. It is healthy again after 10 s of the
// opposite. An observation of an idle disk says nothing.

import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { SyncSight } from "../../storage/sync-latency.ts";
import type { TimingProfile } from "../host/profile.ts";

export const LOOK_EVERY_MS = 500;
export const SLOW_LOOKS = 6;
export const SOUND_LOOKS = 20;
/** After a minute without a frame the disk's state is unknown. */
export const IDLE_LOOKS = 120;
/**
 * How long a replica leads before it hands over, and between two attempts: so leadership does not move in
 * circles.
 */
export const LEADING_LOOKS = 10;

export interface Judgement {
  readonly isSlow: boolean;
  /** Consecutive observations that contradict `isSlow`. */
  readonly contrary: number;
  readonly idle: number;
}

export const SOUND: Judgement = { isSlow: false, contrary: 0, idle: 0 };

/** A replica's report about its disk, sent with every frame to its peers. */
export interface DiskReport {
  readonly medianMs: number;
  readonly slow: boolean;
  readonly full: boolean;
}

/** From this duration on a frame is slow. */
export function slowMsOf({ tickMs, electionTicks }: TimingProfile): number {
  return (tickMs * electionTicks) / 2;
}

export function judgeDisk(before: Judgement, sight: SyncSight, slowMs: number): Judgement {
  const hangs = sight.underWayMs >= slowMs;
  if (sight.medianMs === null && !hangs) {
    const idle = before.idle + 1;
    return idle >= IDLE_LOOKS ? SOUND : { ...before, idle };
  }
  const looksSlow = hangs || (sight.medianMs ?? 0) >= slowMs;
  if (looksSlow === before.isSlow) return { ...before, contrary: 0, idle: 0 };
  const contrary = before.contrary + 1;
  const isTurned = contrary >= (before.isSlow ? SOUND_LOOKS : SLOW_LOOKS);
  return isTurned ? { isSlow: looksSlow, contrary: 0, idle: 0 } : { ...before, contrary, idle: 0 };
}

/**
 * The voter that holds everything committed and has the fastest healthy disk; null if no voter does:
 * between slow disks leadership stays. `reports` are from peers that were heard lately.
 */
export function healthiestVoter(raft: RaftStatus, reports: ReadonlyMap<NodeId, DiskReport>): NodeId | null {
  const able = raft.config.voters.flatMap((id) => {
    const report = reports.get(id);
    const progress = raft.progress.get(id);
    if (id === raft.id || report === undefined || progress === undefined) return [];
    const isWell = !report.slow && !report.full && progress.isRecentlyActive;
    const { match } = progress;
    return isWell && match >= raft.commit ? [{ id, match, medianMs: report.medianMs }] : [];
  });
  const [best] = able.sort((a, b) => a.medianMs - b.medianMs || b.match - a.match || a.id - b.id);
  return best?.id ?? null;
}
