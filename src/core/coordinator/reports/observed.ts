// Shards' reports: soft state of the leader, never replicated, rebuilt from reports after a failover. What
// must stay true: an older report (epoch, cycle) never replaces a newer one. A newer one replaces the whole
// older one at one moment, however many slices it needs. What was not reported to this leader is unknown,
// never zero.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { Incarnation } from "../../base/incarnation.ts";
import { bySlices, drained, type Slicing } from "../../fleet/slices.ts";
import { OrderedMap } from "../../fleet/tables/ordered-map.ts";
import {
  type DoubleDial,
  type ReportShardRequest,
  ShardBinding,
  type ShardSummary,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import { PackedShortfalls } from "./packed-shortfalls.ts";

export interface ShardReport {
  readonly shardId: string;
  readonly epoch: number;
  readonly cycle: number;
  readonly receivedMs: MonotonicMs;
  readonly bindings: ReadonlyMap<string, ShardBinding>;
  readonly sessions: number;
  /** Clusters that it holds (`isHeld`). */
  readonly bound: number;
  /** Clusters that it serves or would take back, and the topology domains that it listed. */
  readonly holdings: number;
  readonly summary: ShardSummary | undefined;
  readonly shortfalls: PackedShortfalls;
  /** What the report had no room for. */
  readonly leftOut: { readonly shortfalls: number; readonly doubleDials: number };
  /** By cluster. */
  readonly doubleDials: ReadonlyMap<string, DoubleDial>;
  /** The newest term that it has obeyed. */
  readonly coordinatorTerm: number;
  /** The incarnation that it obeys; undefined = it does not say. */
  readonly incarnation: Incarnation | undefined;
}

export class Observed {
  readonly #reports = new Map<string, ShardReport>();
  /**
   * Which shards report each cluster: a page of clusters must not cost a pass over all reports. Rarely two
   * shards. While a report is being processed, this also has shards whose rows do not count yet, or do not
   * count any more.
   */
  #shardsOf: ShardsOf = new OrderedMap();
  /** Shards whose report is being processed. */
  readonly #taking = new Set<string>();

  /** Accepts the report unless it, or a newer one, is known. */
  take(report: ReportShardRequest, nowMs: MonotonicMs): boolean {
    return drained(this.taking(report, { nowMs: () => nowMs, mayTake: () => true }));
  }

  /** Whether a report of the shard is being processed: another one must wait. */
  isTaking(shardId: string): boolean {
    return this.#taking.has(shardId);
  }

  /** The same in slices. `mayTake` is called at the moment from which the report counts. */
  *taking(report: ReportShardRequest, moment: Moment): Slicing<boolean> {
    const { shardId } = report;
    assert(!this.#taking.has(shardId), "reports of one shard are taken one after the other");
    this.#taking.add(shardId);
    try {
      return yield* this.#take(report, moment);
    } finally {
      this.#taking.delete(shardId);
    }
  }

  *#take(report: ReportShardRequest, { nowMs, mayTake }: Moment): Slicing<boolean> {
    const { shardId, epoch, cycle, summary, coordinatorTerm, incarnation } = report;
    const known = this.#reports.get(shardId);
    if (known !== undefined && orderOf(report, known) <= 0) return false;
    // A new leadership starts with an empty one.
    const shardsOf = this.#shardsOf;
    const before = known?.bindings ?? new Map<string, ShardBinding>();
    const { bindings, sessions, bound, held } = yield* bindingsOf(report, known?.bindings);
    if (bindings !== known?.bindings) yield* addAll(shardsOf, shardId, bindings, before);
    const counts = this.#shardsOf === shardsOf && mayTake();
    if (counts) {
      const shortfalls = new PackedShortfalls(report.shortfalls);
      const doubleDials = new Map(report.doubleDials.map((dial) => [dial.clusterId, dial]));
      const holdings = held + (report.heldDomains?.domains.length ?? 0);
      const leftOut = { shortfalls: report.shortfallsLeftOut, doubleDials: report.doubleDialsLeftOut };
      this.#reports.set(shardId, {
        ...{ shardId, epoch, cycle, receivedMs: nowMs() },
        ...{ bindings, sessions, bound, holdings, summary, shortfalls, doubleDials, leftOut },
        ...{ coordinatorTerm, incarnation },
      });
    }
    const [gone, kept] = counts ? [before, bindings] : [bindings, before];
    if (gone !== kept) yield* removeAll(shardsOf, shardId, gone, kept);
    return counts;
  }

  /**
   * Whether a newer report of the shard is known. A shard repeats a report whose answer was lost: that is not
   * older.
   */
  isOutdated(report: Pick<ReportShardRequest, "shardId" | "epoch" | "cycle">): boolean {
    const known = this.#reports.get(report.shardId);
    return known !== undefined && orderOf(report, known) < 0;
  }

  report(shardId: string): ShardReport | undefined {
    return this.#reports.get(shardId);
  }

  reports(): Iterable<ShardReport> {
    return this.#reports.values();
  }

  /** The newest reports that name the cluster, by shard id. */
  reportsOf(clusterId: string): ShardReport[] {
    const shards = this.#shardsOf.get(clusterId) ?? [];
    return shards
      .toSorted()
      .flatMap((shardId) => this.#reports.get(shardId) ?? [])
      .filter(({ bindings }) => bindings.has(clusterId));
  }

  /** The clusters that some shard reports, by name, from the first at or above `from`. */
  clusters(from?: string): Iterable<string> {
    return this.#taking.size === 0 ? this.named(from) : this.#reported(this.named(from));
  }

  /** As `clusters`, and also those that only a report names which does not count yet, or no more. It passes over none. */
  named(from?: string): Iterable<string> {
    return this.#shardsOf.keys(from);
  }

  *#reported(clusters: Iterable<string>): Generator<string, void, undefined> {
    for (const clusterId of clusters) if (this.reportsOf(clusterId).length > 0) yield clusterId;
  }

  /** A new leadership starts without reports. */
  forgetAll(): void {
    this.#reports.clear();
    this.#shardsOf = new OrderedMap();
  }
}

/** Whether the shard serves the cluster or would take it back: the record of a released one only refuses it. */
export function holdsCluster({ state, session }: ShardBinding): boolean {
  return session || state !== BindingState.RELEASED;
}

/** Whether the cluster is bound there: it is served, or its agent is let go. */
export function isHeld({ state }: ShardBinding): boolean {
  return state === BindingState.BOUND || state === BindingState.RELEASING;
}

type ShardsOf = OrderedMap<string, readonly string[]>;

export interface Moment {
  readonly nowMs: () => MonotonicMs;
  readonly mayTake: () => boolean;
}

type Rows = ReadonlyMap<string, ShardBinding>;

// Clusters in both are skipped: that is almost all of them, several times a minute.
function* addAll(into: ShardsOf, shardId: string, rows: Rows, but: Rows): Slicing<void> {
  yield* bySlices(rows.keys(), ROWS_PER_SLICE, (clusterId) => {
    if (!but.has(clusterId)) into.set(clusterId, [...(into.get(clusterId) ?? []), shardId]);
  });
}

function* removeAll(from: ShardsOf, shardId: string, rows: Rows, but: Rows): Slicing<void> {
  yield* bySlices(rows.keys(), ROWS_PER_SLICE, (clusterId) => {
    if (but.has(clusterId)) return;
    const others = from.get(clusterId)?.filter((other) => other !== shardId) ?? [];
    if (others.length > 0) from.set(clusterId, others);
    else from.delete(clusterId);
  });
}

// Almost all reports repeat the previous rows: then the older rows are kept, and the newer ones are collected
// early.
function* bindingsOf(
  { bindings }: ReportShardRequest,
  known: Rows | undefined,
): Slicing<Pick<ShardReport, "bindings" | "sessions" | "bound"> & { readonly held: number }> {
  let sessions = 0;
  let bound = 0;
  let held = 0;
  let saysTheSame = known?.size === bindings.length;
  const before = known?.values();
  yield* bySlices(bindings, ROWS_PER_SLICE, (row) => {
    if (row.session) sessions += 1;
    if (isHeld(row)) bound += 1;
    if (holdsCluster(row)) held += 1;
    saysTheSame &&= isSame(row, before?.next().value);
  });
  if (known !== undefined && saysTheSame) return { bindings: known, sessions, bound, held };
  const rows = new Map<string, ShardBinding>();
  yield* bySlices(bindings, ROWS_PER_SLICE, (row) => void rows.set(row.clusterId, row));
  // A report may name a cluster twice.
  if (rows.size < bindings.length) bound = [...rows.values()].filter(isHeld).length;
  return { bindings: rows, sessions, bound, held };
}

// Includes later versions' fields: none of them is a message.
const FIELDS = Object.keys(ShardBinding.create()) as (keyof ShardBinding)[];

function isSame(row: ShardBinding, other: ShardBinding | undefined): boolean {
  return FIELDS.every((field) => row[field] === other?.[field]);
}

type Place = Pick<ShardReport, "epoch" | "cycle">;

/** Below 0 = `report` is older than `known`. */
function orderOf(report: Place, known: Place): number {
  return report.epoch - known.epoch || report.cycle - known.cycle;
}
