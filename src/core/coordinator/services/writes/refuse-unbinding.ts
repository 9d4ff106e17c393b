// Checks a cluster before it is unbound for something that the log does not know: whether an agent is
// connected. Its shard would keep serving it without permission, so the binding stays unless it is forced.
// What must stay true, as with a shard's removal: a shard's last report counts until the shard is dead. A suspect shard
// may have more than it reported.

import { status } from "@grpc/grpc-js";
import type { Binding, UnbindCluster } from "../../../wire/gen/fleet/v1/command.ts";
import type { ClusterObserved } from "../../../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { sightOf } from "../sight.ts";
import { clusterView, livenessIn, type Sight } from "../views.ts";

/** Throws CLUSTER_IN_USE or SHARD_UNHEARD. */
export function refuseUnbinding(context: ServiceContext, operation: UnbindCluster): void {
  const { clusterId, force } = operation;
  const { bindings } = context.machine.view.tables;
  const row = bindings.get(clusterId);
  const sight = sightOf(context);
  if (force || sight.leadsForMs === null || row === undefined || isRefusedAnyway(row, operation)) return;
  const serving = servingOf(context, clusterId, sight);
  if (serving !== undefined) throw inUse(clusterId, serving);
  const owner = livenessIn(sight, row.shardId);
  if (owner !== ShardLiveness.ALIVE && owner !== ShardLiveness.DEAD) throw unheard(row, owner);
}

/** What a forced unbinding leaves, in words that continue after "which"; empty = nothing that is known. */
export function leavesServed(context: ServiceContext, { clusterId, force }: UnbindCluster): string {
  const sight = sightOf(context);
  const serving = force && sight.leadsForMs !== null ? servingOf(context, clusterId, sight) : undefined;
  return serving === undefined ? "" : `has an agent that shard ${serving.shardId} still serves`;
}

function servingOf(context: ServiceContext, clusterId: string, sight: Sight): ClusterObserved | undefined {
  const row = context.machine.view.tables.bindings.get(clusterId);
  return clusterView(clusterId, row, sight).observed.find(
    ({ shardId, session }) => session && livenessIn(sight, shardId) !== ShardLiveness.DEAD,
  );
}

// Applying it would refuse it anyway, for a reason that comes first.
function isRefusedAnyway({ version, migration }: Readonly<Binding>, { expectedVersion }: UnbindCluster) {
  return migration !== undefined || (expectedVersion !== undefined && expectedVersion !== version);
}

function inUse(cluster: string, { shardId: shard, late, ageMs }: ClusterObserved) {
  const when = late ? ` by its report of ${Math.round(ageMs / 1000)} s ago` : "";
  const message = `an agent of cluster ${cluster} has a live session at shard ${shard}${when}`;
  return rpcError(status.FAILED_PRECONDITION, "CLUSTER_IN_USE", message, { cluster, shard });
}

function unheard({ clusterId: cluster, shardId: shard }: Readonly<Binding>, liveness: ShardLiveness) {
  const why =
    liveness === ShardLiveness.UNKNOWN
      ? "(rebuilding): it has not reported to this leader yet"
      : "as it has not reported lately";
  const message = `whether shard ${shard} serves cluster ${cluster} is unknown ${why}`;
  return rpcError(status.FAILED_PRECONDITION, "SHARD_UNHEARD", message, { cluster, shard });
}
