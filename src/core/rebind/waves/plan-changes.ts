// What has changed since a plan was made, as far as it matters to the plan. A plan that no longer fits is
// refused whole, with each change named.

import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { WaveMove, WavePlan } from "./wave-plan.ts";

export interface PlanChange {
  /** Empty = the plan as a whole. */
  readonly cluster: string;
  /** Upper case and stable. */
  readonly reason: string;
  /** A sentence without a full stop. */
  readonly why: string;
}

export interface PresentFleet {
  readonly clusterId: string;
  binding(cluster: string): Readonly<Binding> | null;
}

export function changesSince(plan: WavePlan, fleet: PresentFleet): readonly PlanChange[] {
  const { clusterId, revision } = plan.base;
  if (fleet.clusterId !== clusterId) {
    const why = `the plan was made at revision ${revision} of fleet ${clusterId}, and this is fleet ${fleet.clusterId}`;
    return [{ cluster: "", reason: "OTHER_FLEET", why }];
  }
  return plan.moves.flatMap((move) => changeOf(move, fleet.binding(move.cluster)));
}

function changeOf({ cluster, from, to, version }: WaveMove, row: Readonly<Binding> | null): PlanChange[] {
  if (row === null) return [{ cluster, reason: "CLUSTER_UNKNOWN", why: "it is not bound any more" }];
  if (row.version === version && row.shardId === from && row.migration === undefined) return [];
  const now = `version ${row.version} instead of ${version}`;
  if (row.migration !== undefined) {
    const { migrationId, fromShard } = row.migration;
    const why = `migration ${migrationId} from ${fromShard} to ${row.shardId} is under way (${now})`;
    return [{ cluster, reason: "MIGRATION_UNDER_WAY", why }];
  }
  if (row.shardId === to)
    return [{ cluster, reason: "MOVED_ALREADY", why: `shard ${to} owns it already (${now})` }];
  if (row.shardId !== from) {
    return [
      { cluster, reason: "OWNER_CHANGED", why: `shard ${row.shardId} owns it instead of ${from} (${now})` },
    ];
  }
  return [{ cluster, reason: "VERSION_CONFLICT", why: `it left shard ${from} and came back (${now})` }];
}
