// The key space of etcd's API on each node: whether it is trusted and led, and how near it is to its limits.

import type { KeySpaceStatus, StateDoubt } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetStatus } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";

/** Of a limit: soon after it writes are refused. */
const FULL_PART = 0.8;
/** A node applies what the leader commits within milliseconds. */
const REVISIONS_BEHIND_MAX = 10_000;

export const keyChecks: readonly Check<FleetStatus>[] = [
  {
    id: "keys.fenced",
    severity: "critical",
    why: "a node with wrong keys serves no keys and does not lead them: the fleet tolerates one failure fewer",
    look: (fleet) => keySpaces(fleet, ({ stateDoubt }, name) => doubtHit(stateDoubt, name)),
  },
  {
    id: "keys.leader",
    severity: "error",
    why: "without a leader of the keys no key can be written, and no lease is kept alive",
    look: (fleet) =>
      keySpaces(fleet, ({ leaderId }) =>
        leaderId === 0
          ? {
              evidence: "it knows no leader of the keys",
              next: "fleet status; start the nodes that are down",
            }
          : null,
      ),
  },
  {
    id: "keys.lag",
    severity: "warning",
    why: "serializable reads and watches on this node are old, and it can't lead the keys at once",
    look: (fleet) => {
      const newest = Math.max(0, ...fleet.nodes.map(({ status }) => status?.keySpace?.revision ?? 0));
      return keySpaces(fleet, ({ revision }) =>
        newest - revision > REVISIONS_BEHIND_MAX
          ? {
              evidence: `at revision ${revision}, and another node at ${newest}`,
              next: "fleet top; check its disk and the network to the leader",
            }
          : null,
      );
    },
  },
  {
    id: "keys.history",
    severity: "error",
    why: "the retention's window needs more history than the limit allows: writes of keys are refused",
    look: (fleet) =>
      keySpaces(fleet, ({ historyFull, retention }) =>
        historyFull
          ? {
              evidence: `its history is at the limit of ${retention?.revisionsMax ?? 0} revisions`,
              next: "fleet kv retention set with a shorter window or a higher limit",
            }
          : null,
      ),
  },
  {
    id: "keys.size",
    severity: "warning",
    why: "beyond the limit writes of keys are refused (etcd's alarm NOSPACE)",
    look: (fleet) =>
      keySpaces(fleet, ({ bytes, bytesMax }) =>
        bytesMax > 0 && bytes > FULL_PART * bytesMax
          ? {
              evidence: `its history takes ${megabytes(bytes)} of ${megabytes(bytesMax)} MB`,
              next: "fleet kv compact, fleet kv retention set, or delete keys",
              ...(bytes > bytesMax && { severity: "error" as const }),
            }
          : null,
      ),
  },
  {
    id: "keys.leases",
    severity: "warning",
    why: "beyond the limit no lease is granted",
    look: (fleet) =>
      keySpaces(fleet, ({ leases, leasesMax }) =>
        leasesMax > 0 && leases > FULL_PART * leasesMax
          ? { evidence: `${leases} of ${leasesMax} leases`, next: "find who grants them: fleet lease list" }
          : null,
      ),
  },
];

type Found = Omit<Hit, "subject"> | null;

/** Of the nodes that have opened it. */
function keySpaces(
  { nodes }: FleetStatus,
  look: (keySpace: KeySpaceStatus, name: string) => Found,
): readonly Hit[] {
  return nodes.flatMap(({ name, status }): Hit[] => {
    const found = status?.keySpace === undefined ? null : look(status.keySpace, name);
    return found === null ? [] : [{ subject: name, ...found }];
  });
}

function doubtHit(doubt: StateDoubt | undefined, name: string): Found {
  if (doubt === undefined) return null;
  const evidence = doubt.fenced
    ? `its keys are fenced since index ${doubt.index} of their log`
    : `no majority agrees on the keys at index ${doubt.index} of their log`;
  return { evidence, next: `fleet member rebuild ${name}` };
}

const megabytes = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(0);
