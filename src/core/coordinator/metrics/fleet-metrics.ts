// The replicated tables, and on the leader the shards' reports.

import type { Exposition } from "../../metrics/exposition.ts";
import type { DataPlane } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "../calls/context.ts";
import { countDisobeying } from "../services/sight.ts";

export type FleetSources = Pick<
  ServiceContext,
  | "clusterId"
  | "driver"
  | "machine"
  | "observed"
  | "refusedRows"
  | "refusedWrites"
  | "clock"
  | "leadsSince"
  | "liveness"
>;

/** `plane`: undefined on a replica that does not lead. */
export function collectFleet(
  into: Exposition,
  context: FleetSources,
  plane: Readonly<DataPlane> | undefined,
): void {
  const { bindings, domains, sessions } = context.machine.view.tables;
  into.set("fleet_bindings", bindings.size);
  into.set("fleet_domains", domains.size);
  into.set("fleet_client_sessions", sessions.size);
  for (const [reason, count] of context.refusedWrites.counts) {
    into.set("fleet_writes_refused_total", count, { reason });
  }
  for (const [kind, count] of context.refusedRows.counts) {
    into.set("fleet_report_rows_refused_total", count, { kind });
  }
  if (plane === undefined) return;
  const shards = {
    alive: plane.shardsAlive,
    suspect: plane.shardsSuspect,
    dead: plane.shardsDead,
    unknown: plane.shardsUnheard,
  };
  for (const [state, count] of Object.entries(shards)) into.set("fleet_shards", count, { state });
  into.set("fleet_shards_disobeying", countDisobeying(context));
  const reported = [...context.observed.reports()].reduce((sum, { sessions: own }) => sum + own, 0);
  into.set("fleet_reported_sessions", reported);
  const drifts = {
    elsewhere: plane.clustersElsewhere,
    double: plane.clustersDouble,
    absent: plane.clustersAbsent,
    migrating: plane.clustersMigrating,
    unknown: plane.clustersUnknown,
  };
  for (const [kind, count] of Object.entries(drifts)) into.set("fleet_drift_clusters", count, { kind });
  into.set("fleet_instructions_pending", plane.instructionsPending);
  into.set("fleet_instructions_oldest_age_seconds", plane.oldestPendingMs / 1_000);
}
