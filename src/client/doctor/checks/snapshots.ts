// Whether there is a copy of the state to restore from if every disk is lost.

import type { FleetStatus } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";
import { answering } from "./nodes.ts";
import { leaderOf } from "./quorum.ts";

export const snapshotChecks: readonly Check<FleetStatus>[] = [
  {
    id: "snapshot.none",
    severity: "warning",
    why: "if all disks are lost, nothing is left to restore from",
    look: (fleet): Hit[] => {
      const leader = leaderOf(fleet);
      if (leader === undefined || leader.status?.snapshotExport !== undefined) return [];
      return [
        {
          subject: "fleet",
          evidence: "the leader exports no snapshots",
          next: "start every coordinator with --snapshot-to (a local fleet: snapshots.to in fleet.yaml)",
        },
      ];
    },
  },
  {
    id: "snapshot.failing",
    severity: "error",
    why: "exported snapshots grow old: a restore loses what was written since",
    look: answering(({ status: { snapshotExport } }) =>
      snapshotExport === undefined || snapshotExport.error === ""
        ? null
        : {
            evidence: `${snapshotExport.to}: ${snapshotExport.error}`,
            next: "correct the folder or the bucket; see: fleet status",
          },
    ),
  },
  {
    id: "snapshot.overdue",
    severity: "error",
    why: "exported snapshots grow old: a restore loses what was written since",
    look: answering(({ status: { snapshotExport } }) =>
      snapshotExport?.overdue === true && snapshotExport.error === ""
        ? {
            evidence: `the newest one in ${snapshotExport.to} is ${Math.round(snapshotExport.ageMs / 60_000)} minutes old`,
            next: "read the leader's log; see: fleet snapshot list",
          }
        : null,
    ),
  },
  {
    id: "snapshot.vanished",
    severity: "error",
    why: "snapshots that were exported are gone: the disk is not mounted, or they were deleted",
    look: answering(({ status: { snapshotExport } }) =>
      (snapshotExport?.vanished ?? 0) === 0
        ? null
        : {
            evidence: `${snapshotExport?.vanished} snapshots vanished from ${snapshotExport?.to}`,
            next: "check that its disk is mounted",
          },
    ),
  },
  {
    id: "snapshot.undeleted",
    severity: "warning",
    why: "outdated snapshots fill the store",
    look: answering(({ status: { snapshotExport } }) =>
      (snapshotExport?.undeleted ?? 0) === 0
        ? null
        : {
            evidence: `${snapshotExport?.undeleted} outdated snapshots stay: ${snapshotExport?.undeletedError}`,
            next: "give the coordinators' user the permission to delete them, or delete them yourself",
          },
    ),
  },
];
