// Which shard serves which cluster. First contact binds. Afterwards only a migration changes the owner, by
// compare-and-set on the owner that the operator saw (apply-unbind.ts removes a binding). During a migration
// the target is the declared owner already. So a shard that must release a cluster never gets it back by
// default. A row's version is the log index of its last change. Shards obey only versions above the last one
// that they obeyed, and remember versions of removed rows, so a new row must never repeat one.

import type { BeginRebind, BindCluster, Binding, SettleRebind } from "../../wire/gen/fleet/v1/command.ts";
import { refuseClaimed } from "../plans/claims.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { checkNames } from "../validate.ts";
import { checkShardKnown, checkShardTakes } from "./apply-shard.ts";
import { checkVersion } from "./expected-version.ts";

export function bindCluster(state: FleetState, context: ApplyContext, operation: BindCluster): Result {
  const { clusterId, shardId, expectedVersion } = operation;
  const refused = checkNames({ cluster: clusterId, shard: shardId }) ?? checkShardKnown(state, shardId);
  if (refused !== null) return refused;

  const { bindings } = state.tables;
  const row = bindings.get(clusterId);
  const conflict = checkVersion(`cluster ${clusterId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row === undefined) {
    const notTaken = checkShardTakes(state, shardId);
    if (notTaken !== null) return notTaken;
    bindings.put({ clusterId, shardId, version: context.index, ...since(context), migration: undefined });
    return changed(context.index);
  }
  if (row.shardId === shardId) return unchanged(row.version);
  return rejected("CLUSTER_ALREADY_BOUND", owner(row));
}

export function beginRebind(state: FleetState, context: ApplyContext, operation: BeginRebind): Result {
  return refuseClaimed(state, operation.clusterId) ?? declareOwner(state, context, operation, false);
}

/** `mayReturn`: the target is where the cluster came from, so it takes the cluster even while it is drained. */
export function declareOwner(
  state: FleetState,
  context: ApplyContext,
  operation: BeginRebind,
  mayReturn: boolean,
): Result {
  const { clusterId, fromShard, toShard, migrationId, supersedes, expectedVersion } = operation;
  const invalid = checkNames({
    cluster: clusterId,
    shard: fromShard,
    "target shard": toShard,
    migration: migrationId,
  });
  if (invalid !== null) return invalid;

  const { bindings } = state.tables;
  const row = bindings.get(clusterId);
  if (row === undefined) return clusterUnknown(clusterId);
  const unknown = checkShardKnown(state, toShard);
  if (unknown !== null) return unknown;
  const conflict = checkVersion(`cluster ${clusterId}`, row, expectedVersion);
  if (conflict !== null) return conflict;

  if (row.migration !== undefined) {
    if (isSameMigration(row, operation)) return unchanged(row.version);
    const supersededIsAnother = row.migration.migrationId === supersedes && migrationId !== supersedes;
    if (!supersededIsAnother) return migrationUnderWay(row);
  }
  if (row.shardId !== fromShard) {
    return rejected("OWNER_CHANGED", owner(row));
  }
  if (fromShard === toShard) {
    return rejected("REBIND_TO_SAME_SHARD", owner(row));
  }
  // A cluster may always return to its source: a rollback must not fail because that shard is drained.
  const goesBack = mayReturn || row.migration?.fromShard === toShard;
  const notTaken = goesBack ? null : checkShardTakes(state, toShard);
  if (notTaken !== null) return notTaken;
  bindings.put({
    clusterId,
    shardId: toShard,
    version: context.index,
    ...since(context),
    migration: { migrationId, fromShard },
    ...(row.labels === undefined ? {} : { labels: row.labels }),
  });
  return changed(context.index);
}

export function settleRebind(state: FleetState, context: ApplyContext, operation: SettleRebind): Result {
  return refuseClaimed(state, operation.clusterId) ?? settleMigration(state, context, operation);
}

export function settleMigration(state: FleetState, context: ApplyContext, operation: SettleRebind): Result {
  const { clusterId, migrationId, expectedVersion } = operation;
  const invalid = checkNames({ cluster: clusterId, migration: migrationId });
  if (invalid !== null) return invalid;

  const { bindings } = state.tables;
  const row = bindings.get(clusterId);
  if (row === undefined) return clusterUnknown(clusterId);
  const conflict = checkVersion(`cluster ${clusterId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.migration === undefined) return unchanged(row.version);
  if (row.migration.migrationId !== migrationId) return migrationUnderWay(row);
  bindings.put({ ...row, version: context.index, migration: undefined });
  return changed(context.index);
}

function since(context: ApplyContext): Pick<Binding, "sinceMs" | "sinceIndex" | "by"> {
  return { sinceMs: context.atMs, sinceIndex: context.index, by: context.actor };
}

function isSameMigration(row: Readonly<Binding>, operation: BeginRebind): boolean {
  return (
    row.migration?.migrationId === operation.migrationId &&
    row.migration.fromShard === operation.fromShard &&
    row.shardId === operation.toShard
  );
}

function owner(row: Readonly<Binding>): Record<string, string | number> {
  return { cluster: row.clusterId, owner: row.shardId, version: row.version };
}

function clusterUnknown(clusterId: string): Result {
  return rejected("CLUSTER_UNKNOWN", { cluster: clusterId });
}

/** The refusal of any other operation on a cluster that is moving. */
export function migrationUnderWay(row: Readonly<Binding>): Result {
  const migrationId = row.migration?.migrationId ?? "";
  const from = row.migration?.fromShard ?? "";
  return rejected("MIGRATION_UNDER_WAY", {
    cluster: row.clusterId,
    from,
    migration_id: migrationId,
    to: row.shardId,
  });
}
