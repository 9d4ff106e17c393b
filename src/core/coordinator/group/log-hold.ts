// For which followers a leader delays compaction of its log (ADR-0019). A follower that installs a snapshot
// at S asks for S + 1 next. If that entry is compacted meanwhile, the follower needs another snapshot, and so
// on for ever. What must stay true: every hold ends. The follower replicates past the wanted compaction, is
// removed, is silent for too long, or the held log reaches its limit in bytes (own-snapshots.ts). Pure: no
// clock of its own.

import { assert } from "../../base/assert.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { ProgressStatus } from "../../raft/status.ts";

// A follower that restarts during a snapshot is back sooner, and resumes it.
const SILENT_MS_MAX = 30_000;

/** The present hold, and how often its limit was too small. */
export interface HeldLog {
  /** Bytes of entries that would be compacted if no follower needed them. */
  readonly bytes: number;
  readonly bytesMax: number;
  /** Followers for which the limit was reached: each of them needs another snapshot. */
  readonly exceeded: number;
}

interface Hold {
  /** The snapshot that was sent to the follower. */
  readonly snapshot: LogIndex;
  /** Entries above this are kept for it; null = none, until it gets another snapshot. */
  above: LogIndex | null;
  heardMs: number;
}

type Progress = Pick<ProgressStatus, "state" | "pendingSnapshot" | "match" | "isRecentlyActive">;

export class LogHold {
  readonly #holds = new Map<NodeId, Hold>();

  get isEmpty(): boolean {
    return this.#holds.size === 0;
  }

  /** The index up to which the log may be compacted, at most `wanted`. */
  allowed(wanted: LogIndex): LogIndex {
    let allowed = wanted;
    for (const { above } of this.#holds.values()) if (above !== null && above < allowed) allowed = above;
    return allowed;
  }

  /** The leader's present progress; empty on any other replica. Compaction is wanted through `wanted`. */
  follow(progress: ReadonlyMap<NodeId, Progress>, wanted: LogIndex, nowMs: number): void {
    for (const id of this.#holds.keys()) if (!progress.has(id)) this.#holds.delete(id);
    for (const [id, follower] of progress) this.#followOne(id, follower, wanted, nowMs);
  }

  /**
   * The limit is reached: ends the holds that block compaction through `wanted`, until these followers get
   * another snapshot.
   */
  giveUp(wanted: LogIndex): readonly NodeId[] {
    const given: NodeId[] = [];
    for (const [id, hold] of this.#holds) {
      if (hold.above === null || hold.above >= wanted) continue;
      hold.above = null;
      given.push(id);
    }
    assert(this.allowed(wanted) === wanted, "nothing is held for those that were given up");
    return given;
  }

  #followOne(id: NodeId, follower: Progress, wanted: LogIndex, nowMs: number): void {
    const { state, pendingSnapshot, match, isRecentlyActive } = follower;
    const known = this.#holds.get(id);
    if (state === "snapshot" && known?.snapshot !== pendingSnapshot) {
      this.#holds.set(id, { snapshot: pendingSnapshot, above: pendingSnapshot, heardMs: nowMs });
      return;
    }
    if (known === undefined) return;
    if (isRecentlyActive) known.heardMs = nowMs;
    // During the snapshot, and right after it, the follower's match is still the one from before.
    if (known.above !== null && match > known.above) known.above = match;
    if (nowMs - known.heardMs >= SILENT_MS_MAX) known.above = null;
    const isCaughtUp = match >= wanted && match >= known.snapshot;
    if (state !== "snapshot" && (known.above === null || isCaughtUp)) this.#holds.delete(id);
  }
}
