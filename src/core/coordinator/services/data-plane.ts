// The leader's counts of shards, bindings and instructions. A pass over a table is done in slices, between which other
// work runs. A table may hold 100 000 rows, and heartbeats are due every 50 ms. What must stay true: a replica that
// does not lead counts nothing, because shards report only to the leader.

import { setImmediate as nextTurn } from "node:timers/promises";
import { elapsedMs, type MonotonicMs, shownAgeMs } from "../../base/clock.ts";
import { instructionKey } from "../../fleet/tables/schema.ts";
import { type Binding, InstructionOutcome, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import type { DataPlane } from "../../wire/gen/fleet/v1/coordinator.ts";
import { Drift, ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import type { ServiceContext } from "../calls/context.ts";
import { livenessOf } from "../reports/liveness.ts";
import { sightOf } from "./sight.ts";
import { clusterView } from "./views.ts";

/** A row takes some 5 µs. */
const SLICE_ROWS = 200;
/** A dashboard asks several times a second, and there may be many dashboards. */
const FRESH_MS = 1_000;
/** A count that took long is not repeated for so many times as long. */
const REST_FACTOR = 10;

export type DataPlaneSources = Pick<
  ServiceContext,
  "clusterId" | "driver" | "machine" | "observed" | "clock" | "leadsSince" | "liveness"
>;

/** The leader's count, made on request, at most once a second, and in at most a tenth of the time. */
export class DataPlaneCount {
  readonly #context: DataPlaneSources;
  #underWay: Promise<DataPlane | undefined> | null = null;
  #last: { readonly untilMs: MonotonicMs; readonly counted: DataPlane } | null = null;

  constructor(context: DataPlaneSources) {
    this.#context = context;
  }

  /** Undefined on a replica that does not lead. */
  async now(): Promise<DataPlane | undefined> {
    if (this.#context.driver.role !== "leader") this.#last = null;
    else if (this.#last === null || this.#nowMs() >= this.#last.untilMs) return await this.#count();
    return this.#last?.counted;
  }

  #count(): Promise<DataPlane | undefined> {
    const beganMs = this.#nowMs();
    this.#underWay ??= countDataPlane(this.#context)
      .then((counted) => {
        const nowMs = this.#nowMs();
        const untilMs = nowMs + Math.max(FRESH_MS, REST_FACTOR * elapsedMs(beganMs, nowMs));
        this.#last = counted === undefined ? null : { untilMs, counted };
        return counted;
      })
      .finally(() => {
        this.#underWay = null;
      });
    return this.#underWay;
  }

  #nowMs(): MonotonicMs {
    return this.#context.clock.monotonicMs();
  }
}

/** Undefined when this replica does not lead, or stopped leading while it counted. */
async function countDataPlane(context: DataPlaneSources): Promise<DataPlane | undefined> {
  if (context.driver.role !== "leader") return undefined;
  const lives = countLives(context);
  const drifts = await countDrifts(context);
  const instructions = await countInstructions(context);
  if (context.driver.role !== "leader") return undefined;
  const life = (of: ShardLiveness) => lives.get(of) ?? 0;
  const drift = (of: Drift) => drifts.get(of) ?? 0;
  return {
    shardsAlive: life(ShardLiveness.ALIVE),
    shardsSuspect: life(ShardLiveness.SUSPECT),
    shardsDead: life(ShardLiveness.DEAD),
    shardsUnheard: life(ShardLiveness.UNKNOWN),
    clusters: [...drifts.values()].reduce((sum, count) => sum + count, 0),
    clustersElsewhere: drift(Drift.ELSEWHERE),
    clustersDouble: drift(Drift.DOUBLE),
    clustersAbsent: drift(Drift.ABSENT),
    clustersMigrating: drift(Drift.MIGRATING),
    clustersUnknown: drift(Drift.UNKNOWN),
    ...instructions,
  };
}

function countLives(context: DataPlaneSources): Map<ShardLiveness, number> {
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

async function countDrifts(context: DataPlaneSources): Promise<Map<Drift, number>> {
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
  await inSlices(
    (from: string | undefined) => observed.clusters(from),
    (id) => id,
    (id) => {
      if (table().get(id) === undefined) count(id, undefined);
    },
  );
  return counts;
}

async function countInstructions({ machine, clock }: DataPlaneSources) {
  let instructionsPending = 0;
  let instructionsRefused = 0;
  let oldestPendingMs = 0;
  await inSlices(
    (from: string | undefined) => machine.view.tables.instructions.rows(from),
    (row) => instructionKey(row.shardId, row.key, row.value),
    (row) => {
      if (row.outcome === InstructionOutcome.ACCEPTED) return;
      if (row.outcome !== InstructionOutcome.UNSPECIFIED) {
        instructionsRefused += 1;
        return;
      }
      instructionsPending += 1;
      oldestPendingMs = Math.max(oldestPendingMs, shownAgeMs(row.sinceMs, clock.wallMs()));
    },
  );
  return { instructionsPending, instructionsRefused, oldestPendingMs };
}

/** Visits the rows in key order; rows that are added or removed meanwhile may be visited or not. */
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
