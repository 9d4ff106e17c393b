// What the log does not know of a cluster that is to be unbound: whether an agent of it is served. Its shard would go on
// serving it by nobody's leave, so the binding stays unless it is forced away.
// What must stay true, as with a shard's removal: what a shard said last counts until it is dead, and from when it is
// suspect nobody knows that there is not more.

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

/** What a forced unbinding leaves, in words that go on after "which"; empty = nothing that is known of. */
export function leavesServed(context: ServiceContext, { clusterId, force }: UnbindCluster): string {
  const sight = sightOf(context);
  const serving = force && sight.leadsForMs !== null ? servingOf(context, clusterId, sight) : undefined;
  return serving === undefined ? "" : `leaves an agent of it served at shard ${serving.shardId}`;
}

function servingOf(context: ServiceContext, clusterId: string, sight: Sight): ClusterObserved | undefined {
  const row = context.machine.view.tables.bindings.get(clusterId);
  return clusterView(clusterId, row, sight).observed.find(
    ({ shardId, session }) => session && livenessIn(sight, shardId) !== ShardLiveness.DEAD,
  );
}

// When it is applied, and by what comes first there.
function isRefusedAnyway({ version, migration }: Readonly<Binding>, { expectedVersion }: UnbindCluster) {
  return migration !== undefined || (expectedVersion !== undefined && expectedVersion !== version);
}

function inUse(cluster: string, { shardId: shard, late, ageMs }: ClusterObserved) {
  const when = late ? `, as it said ${Math.round(ageMs / 1000)} s ago` : "";
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
