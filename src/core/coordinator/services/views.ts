// Declared and observed side by side: what the tables say and what shards report, joined. Pure.

import { driftOf } from "../../fleet/drift.ts";
import type { Binding, ShardRecord } from "../../wire/gen/fleet/v1/command.ts";
import type {
  ClusterObserved,
  ClusterView,
  ShardBinding,
  ShardView,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";
import type { Observed, ShardReport } from "../observed.ts";

// Shards report every few seconds; after several missed reports what the last one said is history.
const REPORT_LATE_MS = 15_000;

export function shardViews(
  shards: readonly ShardRecord[],
  declared: ReadonlyMap<string, number>,
  observed: Observed,
  nowMs: number,
): ShardView[] {
  return shards.map((shard) => {
    const report = observed.report(shard.shardId);
    return {
      shard,
      observed: report && shardObserved(report, nowMs),
      declaredClusters: declared.get(shard.shardId) ?? 0,
    };
  });
}

function shardObserved(report: ShardReport, nowMs: number): NonNullable<ShardView["observed"]> {
  const rows = [...report.bindings.values()];
  return {
    reportedAtMs: report.receivedAtMs,
    ageMs: nowMs - report.receivedAtMs,
    sessions: rows.filter((row) => row.session).length,
    boundClusters: rows.filter(isHeld).length,
  };
}

/** Declared clusters and those only seen at shards, by cluster id. Old reports are shown and prove nothing. */
export function clusterViews(bindings: readonly Binding[], observed: Observed, nowMs: number): ClusterView[] {
  const seen = observedByCluster(observed, nowMs);
  const declared = new Map(bindings.map((binding) => [binding.clusterId, binding]));
  const ids = [...new Set([...declared.keys(), ...seen.keys()])].sort();
  return ids.map((clusterId) => {
    const binding = declared.get(clusterId);
    const rows = seen.get(clusterId) ?? [];
    const fresh = rows.filter((row) => row.ageMs <= REPORT_LATE_MS);
    const ownerReported = binding !== undefined && isFresh(observed.report(binding.shardId), nowMs);
    return {
      clusterId,
      declared: binding,
      observed: rows,
      drift: driftOf(binding ?? null, fresh, ownerReported),
    };
  });
}

function observedByCluster(observed: Observed, nowMs: number): Map<string, ClusterObserved[]> {
  const seen = new Map<string, ClusterObserved[]>();
  for (const report of observed.reports()) {
    for (const row of report.bindings.values()) {
      if (!row.session && !isHeld(row)) continue;
      const rows = seen.get(row.clusterId) ?? [];
      rows.push({
        shardId: report.shardId,
        session: row.session,
        bound: isHeld(row),
        ageMs: nowMs - report.receivedAtMs,
      });
      seen.set(row.clusterId, rows);
    }
  }
  return seen;
}

function isFresh(report: ShardReport | undefined, nowMs: number): boolean {
  return report !== undefined && nowMs - report.receivedAtMs <= REPORT_LATE_MS;
}

function isHeld(row: ShardBinding): boolean {
  return row.state === BindingState.BOUND || row.state === BindingState.RELEASING;
}
