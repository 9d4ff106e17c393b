// The certificates that the coordinators present.

import type { FleetStatus } from "../../fleet-status.ts";
import type { Check } from "../check.ts";
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
