// Whether each node runs, takes part, and matches the others: version, clock, incarnation, host.

import type { NodeStatus } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { Admission } from "../../../core/wire/gen/fleet/v1/views.ts";
import type { FleetStatus, NodeObservation } from "../../fleet-status.ts";
import type { Check, Hit } from "../check.ts";

/** Certificates, audit times and exported snapshots are compared with other hosts' clocks. */
const CLOCKS_APART_MAX_MS = 2_000;
const RESIDENT_MAX_BYTES = 1_000_000_000;
/** A younger process may have restarted because it crashes. */
const UPTIME_MIN_MS = 60_000;

export const nodeChecks: readonly Check<FleetStatus>[] = [
  {
    id: "node.down",
    severity: "error",
    why: "while a node is down, the fleet tolerates one failure fewer",
    look: ({ nodes }) =>
      nodes.flatMap(({ name, address, reachable, error }): Hit[] =>
        reachable
          ? []
          : [
              {
                subject: name,
                evidence: `${address} does not answer: ${error ?? "no answer"}`,
                next: "fleet up; on another host, check its service and its log",
              },
            ],
      ),
  },
  {
    id: "node.admission",
    severity: "warning",
    why: "a node that was not admitted does not vote: the fleet tolerates one failure fewer than it seems",
    look: answering(({ status: { admission } }) => {
      if (admission !== Admission.WAITING && admission !== Admission.REJOINING) return null;
      const evidence =
        admission === Admission.WAITING
          ? "it has no data and waits for a leader to admit it"
          : "it is rejoining";
      return { evidence, next: "fleet member list -w; it continues by itself while there is a leader" };
    }),
  },
  {
    id: "node.version-awaited",
    severity: "warning",
    why: "until every member runs the newer build, the fleet keeps the older format and refuses operations of the newer one",
    look: ({ versions: { ruling, newest, awaited } }) =>
      ruling === null || newest === null || ruling >= newest
        ? []
        : awaited.map(({ name, knownVersion }) => ({
            subject: name,
            evidence:
              knownVersion === 0
                ? "it is not connected to the leader"
                : `its build knows version ${knownVersion}, the leader's ${newest}`,
            next: `upgrade and start ${name}; see: fleet status`,
          })),
  },
  {
    id: "node.builds",
    severity: "info",
    why: "nodes of two builds are normal during an upgrade; finish it",
    look: ({ nodes }) => {
      const builds = new Set(nodes.flatMap(({ status }) => (status === null ? [] : [status.version])));
      return builds.size < 2
        ? []
        : [
            {
              subject: "fleet",
              evidence: `builds: ${[...builds].sort().join(", ")}`,
              next: "upgrade the older nodes, one after another",
            },
          ];
    },
  },
  {
    id: "node.incarnation",
    severity: "critical",
    why: "these nodes belong to different fleets, or one of them to the fleet before a recovery",
    look: ({ nodes }) => {
      const ids = new Set(nodes.flatMap(({ status }) => (status === null ? [] : [status.clusterId])));
      return ids.size < 2
        ? []
        : [
            {
              subject: "fleet",
              evidence: `cluster ids: ${[...ids].sort().join(", ")}`,
              next: "correct the endpoints; stop the nodes of the fleet before the recovery",
            },
          ];
    },
  },
  {
    id: "node.clocks",
    severity: "warning",
    why: "certificates, audit times and exported snapshots are compared across hosts; Raft itself does not use these clocks",
    look: ({ nodes }) => {
      const offsets = nodes.flatMap(offsetOf).sort((a, b) => a.offsetMs - b.offsetMs);
      const [slow, fast] = [offsets.at(0), offsets.at(-1)];
      if (slow === undefined || fast === undefined) return [];
      const apart = fast.offsetMs - slow.offsetMs;
      if (apart <= CLOCKS_APART_MAX_MS) return [];
      const evidence = `the clocks of ${slow.name} and ${fast.name} are ${(apart / 1000).toFixed(1)} s apart`;
      return [
        {
          subject: slow.name,
          evidence,
          next: "check time synchronisation on both hosts: chronyc tracking, timedatectl",
        },
      ];
    },
  },
  {
    id: "node.memory",
    severity: "warning",
    why: "a process that reaches its heap limit stops; its followers take over, with the same load",
    look: answering(({ status: { vitals } }) =>
      vitals === undefined || vitals.residentBytes <= RESIDENT_MAX_BYTES
        ? null
        : {
            evidence: `${Math.round(vitals.residentBytes / 1e6)} MB resident`,
            next: "compare with the numbers in docs/operating.md; raise --max-old-space-size and MemoryMax together",
          },
    ),
  },
  {
    id: "node.restarted",
    severity: "info",
    why: "a process may restart repeatedly; only its log says why",
    look: answering(({ status: { uptimeMs } }) =>
      uptimeMs >= UPTIME_MIN_MS
        ? null
        : {
            evidence: `up for ${Math.round(uptimeMs / 1000)} s`,
            next: "read its log if you did not restart it",
          },
    ),
  },
  {
    id: "node.shared-host",
    severity: "warning",
    why: "a failure of the host stops all coordinators on it",
    look: ({ nodes }) => {
      const byHost = Map.groupBy(nodes, ({ address }) => hostOf(address));
      return [...byHost].flatMap(([host, together]): Hit[] => {
        if (together.length < 2) return [];
        // A local fleet is on one machine by design.
        const severity = isLoopback(host) ? "info" : "warning";
        const evidence = `${together.map(({ name }) => name).join(", ")} run on one host`;
        return [
          {
            subject: host,
            evidence,
            severity,
            next: "in production, run each coordinator on its own host, best in its own zone",
          },
        ];
      });
    },
  },
  {
    id: "node.groups",
    severity: "warning",
    why: "a Raft group without a leader takes no writes",
    look: answering(({ status: { groups } }) =>
      groups === undefined || groups.leaderless === 0
        ? null
        : {
            evidence: `knows no leader of ${groups.leaderless} of its ${groups.hosted} groups`,
            next: "fleet status -o json (groups)",
          },
    ),
  },
];

type AnsweringNode = NodeObservation & { readonly status: NodeStatus };

/** Applies `look` to each node that answers. */
export function answering(look: (node: AnsweringNode) => Omit<Hit, "subject"> | null) {
  return ({ nodes }: FleetStatus): Hit[] =>
    nodes.flatMap((node): Hit[] => {
      const { status } = node;
      const hit = status === null ? null : look({ ...node, status });
      return hit === null ? [] : [{ subject: node.name, ...hit }];
    });
}

/** How far a node's clock is ahead of this one's, accurate to half a round trip. */
function offsetOf({ name, status, observedAtMs, roundTripMs }: NodeObservation) {
  const wallMs = status?.vitals?.wallClockMs ?? 0;
  return wallMs === 0 ? [] : [{ name, offsetMs: wallMs - (observedAtMs - (roundTripMs ?? 0) / 2) }];
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || host.startsWith("127.");
