// The coordinators' reports about their own disks.

import { type DiskRoom, isNearlyFull } from "../../../core/base/disk-room.ts";
import type { FleetStatus } from "../../fleet-status.ts";
import type { Check } from "../check.ts";
import { answering } from "./nodes.ts";

/** A sync of an SSD takes a few milliseconds; a leader hands over at 150 (ADR-0007). */
const SYNC_P99_MAX_MS = 50;

export const roomWords = ({ freeBytes, totalBytes }: DiskRoom): string =>
  `${(freeBytes / 1e9).toFixed(1)} of ${(totalBytes / 1e9).toFixed(1)} GB are free`;

export const diskChecks: readonly Check<FleetStatus>[] = [
  {
    id: "disk.full",
    severity: "critical",
    why: "a node with a full disk stores nothing; with a full disk on a quorum no write commits",
    look: answering(({ status: { diskFull } }) =>
      diskFull
        ? { evidence: "its disk is full", next: "free space on it; the node continues by itself" }
        : null,
    ),
  },
  {
    id: "disk.space",
    severity: "warning",
    why: "with a full disk a node stores nothing and cannot lead",
    look: answering(({ status: { diskFull, vitals } }) => {
      const room = vitals?.diskRoom;
      if (diskFull || room === undefined || !isNearlyFull(room)) return null;
      return {
        evidence: roomWords(room),
        next: "make room on the file system of its --data folder, or give the folder a larger one",
      };
    }),
  },
  {
    id: "disk.slow",
    severity: "error",
    why: "leadership avoids a slow disk, and a commit waits for it when a faster voter is down",
    look: answering(({ status: { diskSlow, syncs } }) =>
      diskSlow
        ? {
            evidence: `writes took ${(syncs?.p99Ms ?? 0).toFixed(0)} ms in the last minute (p99)`,
            next: "check the host's disk: iostat -x 1",
          }
        : null,
    ),
  },
  {
    id: "disk.sync-latency",
    severity: "warning",
    why: "every commit waits for the syncs of a quorum",
    look: answering(({ status: { diskSlow, syncs } }) =>
      !diskSlow && (syncs?.p99Ms ?? 0) > SYNC_P99_MAX_MS
        ? {
            evidence: `writes took ${(syncs?.p99Ms ?? 0).toFixed(0)} ms in the last minute (p99)`,
            next: "keep other writers off this disk; check it: iostat -x 1",
          }
        : null,
    ),
  },
];
