// Whether the shards are alive, and serve the clusters that are declared to them.

import type { ClusterView, ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, ShardLiveness } from "../../../core/wire/gen/fleet/v1/views.ts";
import type { Check, Hit } from "../check.ts";
import type { Tables } from "../tables.ts";

/** Above this share of unknown bindings, drift says little. */
const UNKNOWN_SHARE_MAX = 0.05;
const NAMES_SHOWN = 5;

export const shardChecks: readonly Check<Tables>[] = [
  {
    id: "shard.dead",
    severity: "error",
    why: "it has not reported for long: its clusters may be unserved, and only an operator moves them",
    look: shards(({ liveness, declaredClusters }) =>
      liveness !== ShardLiveness.DEAD
        ? null
        : {
            evidence: `dead, with ${declaredClusters} declared clusters`,
            severity: declaredClusters === 0 ? "warning" : "error",
            next: "start it; if it is gone, move its clusters (fleet rebind), then remove it (fleet shard remove)",
          },
    ),
  },
  {
    id: "shard.suspect",
    severity: "warning",
    why: "its last report is too old to be trusted",
    look: shards(({ liveness }) =>
      liveness === ShardLiveness.SUSPECT
        ? {
            evidence: "it has not reported lately",
            next: "read its log; check the network to the coordinators",
          }
        : null,
    ),
  },
  {
    id: "shard.disobeys",
    severity: "error",
    why: "it obeys another incarnation or a newer term, and ignores this fleet's leader",
    look: shards(({ shard, observed }) =>
      observed === undefined || (observed.newerTerm === 0 && observed.other === undefined)
        ? null
        : {
            evidence:
              observed.other === undefined
                ? `it obeys term ${observed.newerTerm}`
                : "it obeys another incarnation",
            next: `fleet shard show ${shard?.shardId}; if this fleet is the right one: fleet shard adopt ${shard?.shardId}`,
          },
    ),
  },
  {
    id: "shard.left-out",
    severity: "warning",
    why: "its reports are incomplete: the coordinators miss a part of what it sees",
    look: shards(({ observed }) => {
      const leftOut = (observed?.shortfallsLeftOut ?? 0) + (observed?.doubleDialsLeftOut ?? 0);
      return leftOut === 0
        ? null
        : {
            evidence: `${leftOut} rows had no room in its report`,
            next: "see its log; move clusters elsewhere: fleet rebalance plan",
          };
    }),
  },
  drift(
    "drift.elsewhere",
    Drift.ELSEWHERE,
    "error",
    "a shard that is not the declared one serves the cluster",
    "fleet cluster list --drift; then fleet rebind",
  ),
  drift(
    "drift.double",
    Drift.DOUBLE,
    "error",
    "two shards or two agents serve one cluster: both may act on its machines",
    "fleet cluster list --drift; stop the extra agent",
  ),
  drift(
    "drift.absent",
    Drift.ABSENT,
    "warning",
    "no shard serves the cluster: its agent is down, or cannot connect",
    "fleet cluster list --drift; check the cluster's agent",
  ),
  {
    id: "drift.unknown",
    severity: "warning",
    why: "nothing shows whether these clusters drift",
    look: ({ clusters }) => {
      const unknown = clusters.filter((cluster) => cluster.drift === Drift.UNKNOWN).length;
      if (unknown <= clusters.length * UNKNOWN_SHARE_MAX) return [];
      return [
        {
          subject: "fleet",
          evidence: `it is unknown who serves ${unknown} of ${clusters.length} clusters`,
          next: "fleet shard list; a new leader knows after each shard's next report",
        },
      ];
    },
  },
  {
    id: "cluster.undeclared",
    severity: "warning",
    why: "no plan, drain or quota includes a cluster that is served but not declared",
    look: ({ clusters }) => {
      const names = clusters
        .filter(({ declared }) => declared === undefined)
        .map(({ clusterId }) => clusterId);
      return names.length === 0
        ? []
        : [
            {
              subject: "fleet",
              evidence: listed(names),
              next: "fleet cluster bind, or give its agent another shard's address",
            },
          ];
    },
  },
];

function shards(look: (shard: ShardView) => Omit<Hit, "subject"> | null) {
  return (tables: Tables): Hit[] =>
    tables.shards.flatMap((view): Hit[] => {
      const hit = look(view);
      return hit === null ? [] : [{ subject: view.shard?.shardId ?? "", ...hit }];
    });
}

function drift(
  id: string,
  kind: Drift,
  severity: "error" | "warning",
  why: string,
  next: string,
): Check<Tables> {
  const isSuch = (cluster: ClusterView) => cluster.drift === kind;
  return {
    id,
    severity,
    why,
    look: ({ clusters }) => {
      const names = clusters.filter(isSuch).map(({ clusterId }) => clusterId);
      return names.length === 0 ? [] : [{ subject: "fleet", evidence: listed(names), next }];
    },
  };
}

/** A count, and the first names. */
export function listed(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ", …" : "";
  return `${names.length}: ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
}
