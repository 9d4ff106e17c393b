// Whether what an operator wanted encrypted is encrypted.

import type { FleetStatus } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";

export const encryptionChecks: readonly Check<FleetStatus>[] = [
  {
    id: "encryption.etcd-plain",
    severity: "warning",
    why: "anyone who reads a disk or a backup of etcd can read all tables; the key encrypts only exports and audit files",
    look: ({ nodes }): Hit[] => {
      const plain = nodes.filter(({ status }) => status?.etcdEngine?.plainDespiteKey === true);
      if (plain.length === 0) return [];
      return [
        {
          subject: "fleet",
          evidence: `etcd holds the log unencrypted, despite the encryption key of ${plain.map(({ name }) => name).join(", ")}`,
          next: "encrypt the disks and backups of etcd, or: fleet engine migrate --to embedded",
        },
      ];
    },
  },
];
