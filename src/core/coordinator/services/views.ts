// Declared and observed state side by side: joins the tables with shards' reports. Pure.

import { elapsedMs, type MonotonicMs, type WallMs } from "../../base/clock.ts";
import type { Incarnation } from "../../base/incarnation.ts";
import { driftOf } from "../../fleet/drift.ts";
import type { SessionRow } from "../../fleet/tables/schema.ts";
import type { ShardCounts } from "../../fleet/tables/shard-counts.ts";
import type { Binding, ShardRecord } from "../../wire/gen/fleet/v1/command.ts";
import type {
  ClientSessionView,
  ClusterObserved,
  ClusterView,
  ShardView,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { Drift, type ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import { obeyedInstead } from "../calls/other-incarnation.ts";
import { isLate, type LivenessLimits, livenessOf } from "../reports/liveness.ts";
import { isHeld, type Observed, type ShardReport } from "../reports/observed.ts";

/** What a replica knows of shards besides the tables. */
export interface Sight {
  readonly observed: Observed;
  readonly nowMs: MonotonicMs;
  /** To show when a report arrived. */
  readonly wallMs: WallMs;
  readonly term: number;
  readonly incarnation: Incarnation;
  /** How long this replica has led; null = it does not lead. */
  readonly leadsForMs: number | null;
  readonly liveness: LivenessLimits;
}

/** What is needed to judge the age of a report. */
export type ReportSight = Pick<Sight, "observed" | "nowMs" | "liveness">;

export function shardView(shard: Readonly<ShardRecord>, declared: ShardCounts, sight: Sight): ShardView {
  const { shardId } = shard;
  const report = sight.observed.report(shardId);
  return {
    shard,
    observed: report && shardObserved(report, sight),
    declaredClusters: declared.clusters.get(shardId) ?? 0,
    declaredDomains: declared.domains.get(shardId) ?? 0,
    pendingInstructions: declared.instructions.get(shardId) ?? 0,
    liveness: livenessIn(sight, shardId),
  };
}

/**
 * For a shard that is or was in the fleet. One that never reported is judged by how long this replica has
 * led.
 */
export function livenessIn({ observed, nowMs, leadsForMs, liveness }: Sight, shardId: string): ShardLiveness {
  const report = observed.report(shardId);
  return livenessOf(report === undefined ? null : elapsedMs(report.receivedMs, nowMs), leadsForMs, liveness);
}

function shardObserved(
  report: ShardReport,
  { nowMs, wallMs, term, incarnation, liveness }: Omit<Sight, "observed" | "leadsForMs">,
): NonNullable<ShardView["observed"]> {
  const ageMs = elapsedMs(report.receivedMs, nowMs);
  const other = obeyedInstead(report, { incarnation, term });
  const isElsewhere = other !== undefined && other.id !== "" && other.id !== incarnation.id;
  return {
    reportedAtMs: Math.max(0, wallMs - ageMs),
    ageMs,
    sessions: report.sessions,
    boundClusters: report.bound,
    summary: report.summary,
    shortfalls: report.shortfalls.count,
    lateAfterMs: liveness.suspectAfterMs,
    newerTerm: isElsewhere ? 0 : (other?.term ?? 0),
    other,
    shortfallsLeftOut: report.leftOut.shortfalls,
    doubleDialsLeftOut: report.leftOut.doubleDials,
  };
}

/** How far a writing client is, without the outcomes of its writes. */
export function sessionView(session: Readonly<SessionRow>): ClientSessionView {
  const { sessionId, lastSequence, firstOutstanding, outcomeCount, lastUsedIndex } = session;
  return { sessionId, lastSequence, firstOutstanding, unconfirmed: outcomeCount, lastUsedIndex };
}

/** One cluster, declared or only seen. Late reports are shown but prove nothing. */
export function clusterView(
  clusterId: string,
  declared: Readonly<Binding> | undefined,
  sight: ReportSight,
): ClusterView {
  const { observed } = sight;
  const rows = observed.reportsOf(clusterId).flatMap((report) => observedAt(report, clusterId, sight));
  const fresh = rows.filter((row) => !row.late);
  const ownerReported = declared !== undefined && isFresh(observed.report(declared.shardId), sight);
  const drift = driftOf(declared ?? null, fresh, ownerReported);
  // The cluster was only seen at shards that have been silent since, so its state is unknown.
  const isLost = drift === Drift.NONE && declared === undefined && rows.length > 0;
  return { clusterId, declared, observed: rows, drift: isLost ? Drift.UNKNOWN : drift };
}

/**
 * Clusters that the shard's last report serves or holds without a declaration, by name. However old the
 * report is: silence is no release, and the caller decides what it means.
 */
export function undeclaredAt(
  shardId: string,
  binding: (clusterId: string) => Readonly<Binding> | undefined,
  observed: Observed,
): string[] {
  const report = observed.report(shardId);
  if (report === undefined) return [];
  const isDeclared = (row: Readonly<Binding> | undefined) =>
    row?.shardId === shardId || row?.migration?.fromShard === shardId;
  return [...report.bindings.values()]
    .filter((row) => (row.session || isHeld(row)) && !isDeclared(binding(row.clusterId)))
    .map((row) => row.clusterId)
    .sort();
}

function observedAt(report: ShardReport, clusterId: string, sight: ReportSight): ClusterObserved[] {
  const row = report.bindings.get(clusterId);
  if (row === undefined || (!row.session && !isHeld(row))) return [];
  const { shardId, receivedMs } = report;
  const doubleDial = report.doubleDials.get(clusterId);
  const late = !isFresh(report, sight);
  const { session } = row;
  const ageMs = elapsedMs(receivedMs, sight.nowMs);
  return [{ shardId, session, bound: isHeld(row), ageMs, doubleDial, late }];
}

function isFresh(report: ShardReport | undefined, { nowMs, liveness }: ReportSight): boolean {
  return report !== undefined && !isLate(elapsedMs(report.receivedMs, nowMs), liveness);
}
