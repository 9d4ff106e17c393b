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
/** A count is kept for so many times as long as its slices took, up to a limit. */
const REST_FACTOR = 10;
const REST_MS_MAX = 5_000;

export type DataPlaneSources = Pick<
  ServiceContext,
  "clusterId" | "driver" | "machine" | "observed" | "clock" | "leadsSince" | "liveness"
>;

interface Counted {
  readonly plane: DataPlane;
  /** How long its slices took together. */
  readonly workedMs: number;
}

/** The leader's count, made on request and kept: for a second, and for longer if it took long. Each term has its own. */
export class DataPlaneCount {
  readonly #context: DataPlaneSources;
  #underWay: { readonly term: number; readonly count: Promise<DataPlane | undefined> } | null = null;
  #last: { readonly term: number; readonly untilMs: MonotonicMs; readonly plane: DataPlane } | null = null;

  constructor(context: DataPlaneSources) {
    this.#context = context;
  }

  /** Undefined on a replica that does not lead. */
  async now(): Promise<DataPlane | undefined> {
    const { driver, clock } = this.#context;
    const { role, term } = driver;
    if (role !== "leader") return undefined;
    const last = this.#last;
    if (last?.term === term && clock.monotonicMs() < last.untilMs) return last.plane;
    if (this.#underWay?.term !== term) this.#underWay = { term, count: this.#count(term) };
    return await this.#underWay.count;
  }

  async #count(term: number): Promise<DataPlane | undefined> {
    const { driver, clock } = this.#context;
    try {
      const { plane, workedMs } = await countDataPlane(this.#context);
      // Another reign has heard of other shards.
      if (driver.role !== "leader" || driver.term !== term) return undefined;
      const restMs = Math.min(REST_MS_MAX, Math.max(FRESH_MS, REST_FACTOR * workedMs));
      this.#last = { term, untilMs: clock.monotonicMs() + restMs, plane };
      return plane;
    } finally {
      if (this.#underWay?.term === term) this.#underWay = null;
    }
  }
}

async function countDataPlane(context: DataPlaneSources): Promise<Counted> {
  const slices = new Slices(context.clock.monotonicMs);
  const lives = countLives(context);
  const drifts = await countDrifts(context, slices);
  const instructions = await countInstructions(context, slices);
  const life = (of: ShardLiveness) => lives.get(of) ?? 0;
  const drift = (of: Drift) => drifts.get(of) ?? 0;
  const plane = {
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
  return { plane, workedMs: slices.workedMs };
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

async function countDrifts(context: DataPlaneSources, slices: Slices): Promise<Map<Drift, number>> {
  const counts = new Map<Drift, number>();
  const { observed, clock, liveness } = context;
  const count = (id: string, row: Readonly<Binding> | undefined) => {
    const { drift } = clusterView(id, row, { observed, nowMs: clock.monotonicMs(), liveness });
    counts.set(drift, (counts.get(drift) ?? 0) + 1);
  };
  const table = () => context.machine.view.tables.bindings;
  await slices.visit(
    (from: string | undefined) => table().rows(from),
    (row) => row.clusterId,
    (row) => count(row.clusterId, row),
  );
  await slices.visit(
    (from: string | undefined) => observed.named(from),
    (id) => id,
    (id) => {
      if (table().get(id) === undefined && observed.reportsOf(id).length > 0) count(id, undefined);
    },
  );
  return counts;
}

async function countInstructions({ machine, clock }: DataPlaneSources, slices: Slices) {
  let instructionsPending = 0;
  let instructionsRefused = 0;
  let oldestPendingMs = 0;
  await slices.visit(
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

/** Visits many rows over several turns of the event loop, and adds up the time of its own. */
class Slices {
  readonly #now: () => MonotonicMs;
  workedMs = 0;

  constructor(now: () => MonotonicMs) {
    this.#now = now;
  }

  /** In key order; rows that are added or removed meanwhile may be visited or not. */
  async visit<Key, Row>(
    rowsFrom: (from: Key | undefined) => Iterable<Row>,
    keyOf: (row: Row) => Key,
    visit: (row: Row) => void,
  ): Promise<void> {
    let from: Key | undefined;
    do {
      const beganMs = this.#now();
      const slice = firstOf(rowsFrom(from), SLICE_ROWS + 1);
      const next = slice.length > SLICE_ROWS ? slice.pop() : undefined;
      slice.forEach(visit);
      from = next && keyOf(next);
      // Not rounded: most slices take less than a millisecond.
      this.workedMs += this.#now() - beganMs;
      if (from !== undefined) await nextTurn();
    } while (from !== undefined);
  }
}

function firstOf<Row>(rows: Iterable<Row>, count: number): Row[] {
  const first: Row[] = [];
  for (const row of rows) {
    first.push(row);
    if (first.length === count) break;
  }
  return first;
}
