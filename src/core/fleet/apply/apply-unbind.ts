// Removes a cluster's binding: it was declared by mistake, or the cluster is gone. Refused during a
// migration, unless forced; by force a migration ends whose agent will never arrive. The log does not know
// whether an agent is connected, so the leader checks that before there is an entry
// (services/writes/refuse-unbinding.ts).

import type { Binding, UnbindCluster } from "../../wire/gen/fleet/v1/command.ts";
import { changed, type Facts, type Result, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { checkNames } from "../validate.ts";
import { migrationUnderWay } from "./apply-binding.ts";
import { ABSENT, checkVersion } from "./expected-version.ts";

/** Idempotent: a cluster that is not bound is as wanted. */
export function unbindCluster(state: FleetState, operation: UnbindCluster): Result {
  const { clusterId, force, expectedVersion } = operation;
  const invalid = checkNames({ cluster: clusterId });
  if (invalid !== null) return invalid;

  const { bindings } = state.tables;
  const row = bindings.get(clusterId);
  const conflict = checkVersion(`cluster ${clusterId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row === undefined) return unchanged(ABSENT);
  if (row.migration !== undefined && !force) return migrationUnderWay(row);
  bindings.remove(clusterId);
  return changed(ABSENT, lossOf(row));
}

/** No table has the row's content any more. The audit log keeps it for an operator who wants to undo this. */
function lossOf({ shardId, migration }: Readonly<Binding>): Facts {
  if (migration === undefined) return { from: shardId };
  return { from: shardId, ended_migration: migration.migrationId, ended_from: migration.fromShard };
}
