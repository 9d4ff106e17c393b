// The state of an answering node in a word or two: the same in `fleet status` and in the dashboard. The worst
// problem comes first.

import { isNearlyFull } from "../../core/base/disk-room.ts";
import type { NodeStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { tenths } from "./milliseconds.ts";
import type { Cell, MarkedCell } from "./table.ts";
import { formatBytes } from "./top/bytes.ts";
import { admissionWord } from "./words.ts";

export function nodeState(status: NodeStatus): MarkedCell {
  const { stateDoubt } = status;
  if (stateDoubt !== undefined) return { text: stateDoubt.fenced ? "diverged" : "disputed", mark: "bad" };
  const keyDoubt = status.keySpace?.stateDoubt;
  if (keyDoubt !== undefined)
    return { text: keyDoubt.fenced ? "keys diverged" : "keys disputed", mark: "bad" };
  if (status.diskFull) return { text: "disk full", mark: "bad" };
  switch (admissionWord(status.admission)) {
    case "waiting":
      return { text: "waiting for admission", mark: "warn" };
    case "rejoining":
      return { text: "rejoining", mark: "warn" };
    case "member":
      break;
  }
  if (status.diskSlow) return { text: "slow disk", mark: "warn" };
  return status.leaderId === 0 ? { text: "no leader", mark: "warn" } : { text: "up", mark: "good" };
}

/** The 99th percentile of the last minute, or the duration of the present frame if that is longer. */
export function syncCell(status: NodeStatus | null): Cell {
  const ms = slowestSyncMs(status);
  return ms === null ? null : ms < 10 ? tenths(ms) : `${ms.toFixed(0)}ms`;
}

/** The free part of its data folder's file system. */
export function roomCell({ vitals }: NodeStatus): MarkedCell {
  const room = vitals?.diskRoom;
  if (room === undefined) return { text: "n/a", mark: "unknown" };
  const { freeBytes, totalBytes } = room;
  const share = totalBytes === 0 ? 0 : Math.floor((100 * freeBytes) / totalBytes);
  return { text: `${formatBytes(freeBytes)} (${share}%)`, mark: isNearlyFull(room) ? "warn" : "good" };
}

export function slowestSyncMs(status: NodeStatus | null): number | null {
  const { p99Ms, underWayMs = 0 } = status?.syncs ?? {};
  return p99Ms === undefined && underWayMs === 0 ? null : Math.max(p99Ms ?? 0, underWayMs);
}
