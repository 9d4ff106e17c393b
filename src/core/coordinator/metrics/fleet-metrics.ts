// The replicated tables, and on the leader what shards report of themselves. What needs a pass over a table is done in
// slices between which others are served: a table may hold 100 000 rows, and heartbeats are due every 50 ms.

import { setImmediate as nextTurn } from "node:timers/promises";
import { elapsedMs, shownAgeMs } from "../../base/clock.ts";
import { instructionKey } from "../../fleet/tables/schema.ts";
import type { Exposition } from "../../metrics/exposition.ts";
import { type Binding, InstructionOutcome, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import { Drift, ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import type { ServiceContext } from "../calls/context.ts";
import { livenessOf } from "../reports/liveness.ts";
import { countDisobeying, sightOf } from "../services/sight.ts";
import { clusterView } from "../services/views.ts";

const SLICE_ROWS = 500;

const LIVES = {
  alive: ShardLiveness.ALIVE,
  suspect: ShardLiveness.SUSPECT,
  dead: ShardLiveness.DEAD,
  unknown: ShardLiveness.UNKNOWN,
} as const;

const DRIFTS = {
  elsewhere: Drift.ELSEWHERE,
  double: Drift.DOUBLE,
  absent: Drift.ABSENT,
  migrating: Drift.MIGRATING,
  unknown: Drift.UNKNOWN,
} as const;

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

export async function collectFleet(into: Exposition, context: FleetSources): Promise<void> {
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
  if (context.driver.status().role !== "leader") return;
  const shards = shardLives(context);
  const disobeying = countDisobeying(context);
  const reported = [...context.observed.reports()].reduce((sum, { sessions: own }) => sum + own, 0);
  const drifts = await countDrifts(context);
  const pending = await pendingInstructions(context);
  // Deposed meanwhile: what was counted is the next leader's to say.
  if (context.driver.status().role !== "leader") return;
  for (const [state, life] of Object.entries(LIVES)) {
    into.set("fleet_shards", shards.get(life) ?? 0, { state });
  }
  into.set("fleet_shards_disobeying", disobeying);
  into.set("fleet_reported_sessions", reported);
  for (const [kind, drift] of Object.entries(DRIFTS)) {
    into.set("fleet_drift_clusters", drifts.get(drift) ?? 0, { kind });
  }
  into.set("fleet_instructions_pending", pending.count);
  into.set("fleet_instructions_oldest_age_seconds", pending.oldestAgeMs / 1_000);
}

function shardLives(context: FleetSources): Map<ShardLiveness, number> {
  const { observed, nowMs, leadsForMs, liveness } = sightOf(context);
  const lives = new Map<ShardLiveness, number>();
  for (const { shardId, state } of context.machine.view.tables.shards.rows()) {
    if (state === ShardState.REMOVED) continue;
    const report = observed.report(shardId);
    const ageMs = report === undefined ? null : elapsedMs(report.receivedMs, nowMs);
    const life = livenessOf(ageMs, leadsForMs, liveness);
    lives.set(life, (lives.get(life) ?? 0) + 1);
  }
  return lives;
}

async function countDrifts(context: FleetSources): Promise<Map<Drift, number>> {
  const counts = new Map<Drift, number>();
  const { observed, clock, liveness } = context;
  const count = (id: string, row: Readonly<Binding> | undefined) => {
    const { drift } = clusterView(id, row, { observed, nowMs: clock.monotonicMs(), liveness });
    counts.set(drift, (counts.get(drift) ?? 0) + 1);
  };
  const table = () => context.machine.view.tables.bindings;
  await inSlices(
    (from: string | undefined) => table().rows(from),
    (row) => row.clusterId,
    (row) => count(row.clusterId, row),
  );
  const seen = [...observed.clusters()];
  for (let at = 0; at < seen.length; at += SLICE_ROWS) {
    await nextTurn();
    const strangers = seen.slice(at, at + SLICE_ROWS).filter((id) => table().get(id) === undefined);
    for (const id of strangers) count(id, undefined);
  }
  return counts;
}

async function pendingInstructions({ machine, clock }: FleetSources) {
  let count = 0;
  let oldestAgeMs = 0;
  await inSlices(
    (from: string | undefined) => machine.view.tables.instructions.rows(from),
    (row) => instructionKey(row.shardId, row.key, row.value),
    (row) => {
      if (row.outcome !== InstructionOutcome.UNSPECIFIED) return;
      count += 1;
      oldestAgeMs = Math.max(oldestAgeMs, shownAgeMs(row.sinceMs, clock.wallMs()));
    },
  );
  return { count, oldestAgeMs };
}

/** Visits the rows in the order of their keys; those that come and go meanwhile may be met or missed. */
async function inSlices<Key, Row>(
  rowsFrom: (from: Key | undefined) => Iterable<Row>,
  keyOf: (row: Row) => Key,
  visit: (row: Row) => void,
): Promise<void> {
  let from: Key | undefined;
  do {
    const slice = firstOf(rowsFrom(from), SLICE_ROWS + 1);
    const next = slice.length > SLICE_ROWS ? slice.pop() : undefined;
    slice.forEach(visit);
    from = next && keyOf(next);
    if (from !== undefined) await nextTurn();
  } while (from !== undefined);
}

function firstOf<Row>(rows: Iterable<Row>, count: number): Row[] {
  const first: Row[] = [];
  for (const row of rows) {
    first.push(row);
    if (first.length === count) break;
  }
  return first;
}
