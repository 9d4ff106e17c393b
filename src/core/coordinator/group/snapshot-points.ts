// At which entries a replica makes a snapshot of its own: at regular distances, and each replica at different
// ones. All replicas apply the same entries at about the same time. If they saved together, one machine's
// disk or one shared volume would get all files at once. Then every write would wait for the slowest replica.
// What must stay true: between two points lie `every` entries, on every replica. Pure.

import { assert } from "../../base/assert.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";

// Multiples of the golden ratio, modulo one, keep consecutive ids apart (Knuth, TAOCP 6.4). Three replicas are at least
// 23 % of the way from each other, five at least 14 %.
const GOLDEN_RATIO = 0.618_033_988_749_895;

/** Whether one of the replica's points is after `saved`, at or before `applied`. */
export function passedSnapshotPoint(
  self: NodeId,
  every: number,
  { saved, applied }: { readonly saved: LogIndex; readonly applied: LogIndex },
): boolean {
  assert(every > 0, "snapshots are some entries apart");
  assert(saved <= applied, "a snapshot holds what was applied");
  const offset = Math.floor(shareOf(self) * every);
  return Math.floor((applied + offset) / every) > Math.floor((saved + offset) / every);
}

/**
 * How many bytes of entries are between two snapshots that are made because of bytes. It is between three quarters of
 * `every` and all of it, and differs on each replica.
 */
export function snapshotBytes(self: NodeId, every: number): number {
  return every * (0.75 + 0.25 * shareOf(self));
}

/** Of a state that a snapshot of so many bytes holds: a part as large may be in the log beside it. */
const LOG_SHARE = 1 / 4;

/**
 * How many times as far apart the snapshots are whose newest one has `newestBytes`. A snapshot has all rows, so with a fixed
 * distance a large state would be written again and again: hundreds of bytes for each that is proposed. A power of two,
 * so that the points stay where they are while a state grows.
 */
export function snapshotStretch(newestBytes: number, everyBytes: number, stretchMax: number): number {
  const wanted = Math.min((newestBytes * LOG_SHARE) / everyBytes, stretchMax);
  return wanted < 2 ? 1 : 2 ** Math.floor(Math.log2(wanted));
}

/** From 0 up to 1. */
function shareOf(self: NodeId): number {
  return (self * GOLDEN_RATIO) % 1;
}
