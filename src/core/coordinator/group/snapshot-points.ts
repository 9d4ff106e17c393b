// At which entries a replica makes a snapshot of its own: at regular distances, and each replica at different
// ones. All replicas apply the same entries at about the same time. If they saved together, one machine's
// disk or one shared volume would get all files at once. Then every write would wait for the slowest replica.
// What must stay true: between two points lie `every` entries, on every replica. A large state uses fewer of them. Pure.

import { assert } from "../../base/assert.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";

// Multiples of the golden ratio, modulo one, keep consecutive ids apart (Knuth, TAOCP 6.4). Three replicas are at least
// 23 % of the way from each other, five at least 14 %.
const GOLDEN_RATIO = 0.618_033_988_749_895;

/**
 * Whether one of the replica's points is after `saved`, at or before `applied`. Of a large state only each `stretch`th point counts,
 * so replicas stay apart, whatever their stretches are.
 */
export function passedSnapshotPoint(
  self: NodeId,
  every: number,
  { saved, applied, stretch = 1 }: SnapshotProgress,
): boolean {
  assert(every > 0, "snapshots are some entries apart");
  assert(saved <= applied, "a snapshot holds what was applied");
  const offset = Math.floor(shareOf(self) * every);
  const distance = every * stretch;
  return Math.floor((applied + offset) / distance) > Math.floor((saved + offset) / distance);
}

interface SnapshotProgress {
  readonly saved: LogIndex;
  readonly applied: LogIndex;
  /** See `snapshotStretch`; absent = 1. */
  readonly stretch?: number;
}

/**
 * How many bytes of entries are between two snapshots that are made because of bytes. It is between three quarters of
 * `every` and all of it, and differs on each replica.
 */
export function snapshotBytes(self: NodeId, every: number): number {
  return every * (0.75 + 0.25 * shareOf(self));
}

/** How large the log may become beside a snapshot, as a part of it. */
const LOG_SHARE = 1 / 4;

/**
 * How many times as far apart snapshots are once the newest one has `newestBytes`: at most `stretchMax`. A snapshot has all
 * rows, so at a fixed distance most of what a large state writes would be rows that have not changed. A power of two, so that each
 * point of a larger stretch is one of a smaller stretch, too.
 */
export function snapshotStretch(newestBytes: number, everyBytes: number, stretchMax: number): number {
  const wanted = Math.min((newestBytes * LOG_SHARE) / everyBytes, stretchMax);
  return wanted < 2 ? 1 : 2 ** Math.floor(Math.log2(wanted));
}

/** From 0 up to 1. */
function shareOf(self: NodeId): number {
  return (self * GOLDEN_RATIO) % 1;
}
