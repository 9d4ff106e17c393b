// What shards report: soft state of the leader, never replicated, rebuilt from reports after a failover.
// What must stay true: an older report (epoch, cycle) never replaces a newer one, a newer one replaces all of the
// older, and what has not been reported to this leader is unknown, never zero.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Incarnation } from "../../base/incarnation.ts";
import { OrderedMap } from "../../fleet/tables/ordered-map.ts";
import {
  type DoubleDial,
  type ReportShardRequest,
  ShardBinding,
  type ShardSummary,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { PackedShortfalls } from "./packed-shortfalls.ts";

export interface ShardReport {
  readonly shardId: string;
  readonly epoch: number;
  readonly cycle: number;
  readonly receivedMs: MonotonicMs;
  readonly bindings: ReadonlyMap<string, ShardBinding>;
  readonly sessions: number;
  readonly summary: ShardSummary | undefined;
  readonly shortfalls: PackedShortfalls;
  /** What the report had no room for. */
  readonly leftOut: { readonly shortfalls: number; readonly doubleDials: number };
  /** By cluster. */
  readonly doubleDials: ReadonlyMap<string, DoubleDial>;
  /** The newest that it has obeyed. */
  readonly coordinatorTerm: number;
  /** The incarnation that it obeys; undefined = it does not say. */
  readonly incarnation: Incarnation | undefined;
}

export class Observed {
  readonly #reports = new Map<string, ShardReport>();
  /** Which shards report each cluster: a page of clusters must not cost a pass over all reports. Hardly ever two. */
  #shardsOf = new OrderedMap<string, readonly string[]>();

  /** Takes the report unless it, or a newer one, is known. */
  take(report: ReportShardRequest, nowMs: MonotonicMs): boolean {
    const known = this.#reports.get(report.shardId);
    if (known !== undefined && orderOf(report, known) <= 0) return false;
    const { shardId, epoch, cycle, summary, coordinatorTerm, incarnation } = report;
    const shortfalls = new PackedShortfalls(report.shortfalls);
    const bindings = bindingsOf(report, known?.bindings);
    const sessions = report.bindings.filter((binding) => binding.session).length;
    const doubleDials = new Map(report.doubleDials.map((dial) => [dial.clusterId, dial]));
    const leftOut = { shortfalls: report.shortfallsLeftOut, doubleDials: report.doubleDialsLeftOut };
    const taken = {
      ...{ shardId, epoch, cycle, receivedMs: nowMs },
      ...{ bindings, sessions, summary, shortfalls, doubleDials, leftOut, coordinatorTerm, incarnation },
    };
    if (bindings !== known?.bindings) this.#index(known?.bindings ?? new Map(), taken);
    this.#reports.set(shardId, taken);
    return true;
  }

  /** Whether a newer report of the shard is known. A shard repeats a report whose answer was lost: that is not older. */
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
    return shards.toSorted().flatMap((shardId) => this.#reports.get(shardId) ?? []);
  }

  /** The clusters that some shard reports, by name, from the first that is not below `from`. */
  clusters(from?: string): Iterable<string> {
    return this.#shardsOf.keys(from);
  }

  /** A new leadership starts from nothing. */
  forgetAll(): void {
    this.#reports.clear();
    this.#shardsOf = new OrderedMap();
  }

  // What both name is left alone: that is nearly all, several times a minute.
  #index(before: ReadonlyMap<string, unknown>, { shardId, bindings }: ShardReport): void {
    for (const clusterId of before.keys()) if (!bindings.has(clusterId)) this.#unindex(clusterId, shardId);
    for (const clusterId of bindings.keys()) {
      if (before.has(clusterId)) continue;
      this.#shardsOf.set(clusterId, [...(this.#shardsOf.get(clusterId) ?? []), shardId]);
    }
  }

  #unindex(clusterId: string, shardId: string): void {
    const others = this.#shardsOf.get(clusterId)?.filter((other) => other !== shardId) ?? [];
    if (others.length > 0) this.#shardsOf.set(clusterId, others);
    else this.#shardsOf.delete(clusterId);
  }
}

// Nearly all reports say of their clusters what the one before said: then the older rows stay, and the newer ones die young.
function bindingsOf(
  { bindings }: ReportShardRequest,
  known: ReadonlyMap<string, ShardBinding> | undefined,
): ReadonlyMap<string, ShardBinding> {
  const rows = known && [...known.values()];
  const saysTheSame = rows?.length === bindings.length && rows.every((row, at) => isSame(row, bindings[at]));
  if (known !== undefined && saysTheSame) return known;
  return new Map(bindings.map((row) => [row.clusterId, row]));
}

// Of later versions too: none of them is a message.
const FIELDS = Object.keys(ShardBinding.create()) as (keyof ShardBinding)[];

function isSame(row: ShardBinding, other: ShardBinding | undefined): boolean {
  return FIELDS.every((field) => row[field] === other?.[field]);
}

type Moment = Pick<ShardReport, "epoch" | "cycle">;

/** Below 0 = `report` is older than `known`. */
function orderOf(report: Moment, known: Moment): number {
  return report.epoch - known.epoch || report.cycle - known.cycle;
}
