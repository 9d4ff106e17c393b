// The certificates that the coordinators present.

import type { FleetStatus } from "../../fleet-status.ts";
import { renewalOf } from "../../revoked-members.ts";
import type { Check } from "../check.ts";
import type { Tables } from "../tables.ts";
import { answering } from "./nodes.ts";

/** The same limit as the warning of `fleet status`. */
const DAYS_MIN = 14;

export const certificateChecks: readonly Check<FleetStatus>[] = [
  {
    id: "certificate.node",
    severity: "warning",
    why: "peers and clients refuse an expired certificate: the node is then cut off",
    look: answering(({ name, certificateDaysLeft: days }) => {
      if (days === null || days >= DAYS_MIN) return null;
      const evidence = days < 0 ? "its certificate has expired" : `its certificate expires in ${days} days`;
      const next = `fleet cert rotate ${name}; on a host of its own: fleet cert issue`;
      return { evidence, next, severity: days < 0 ? "critical" : "warning" };
    }),
  },
  {
    id: "certificate.refused",
    severity: "error",
    why: "the node still uses its old certificate; after a restart it has only the refused one",
    look: answering(({ status: { certificateRefusal } }) =>
      certificateRefusal === ""
        ? null
        : { evidence: certificateRefusal, next: "correct its certificate files before you restart it" },
    ),
  },
];

/** Only the replicated table says what is revoked. */
export const revocationChecks: readonly Check<Tables>[] = [
  {
    id: "certificate.revoked",
    severity: "error",
    why: "every other member refuses it, so it takes no part: the fleet tolerates one failure fewer",
    look: ({ revoked }) =>
      revoked.map(({ name, serial }) => ({
        subject: name,
        evidence: `${name}'s certificate is revoked (serial number ${serial}); see: fleet cert revoked`,
        next: renewalOf(name),
      })),
  },
];
