// What shards report: soft state of the leader, never replicated, rebuilt from reports after a failover.
// What must stay true: an older report (epoch, cycle) never replaces a newer one, and what has not been reported
// to this leader is unknown, never zero.

import type { ReportShardRequest, ShardBinding } from "../wire/gen/fleet/v1/coordinator.ts";

export interface ShardReport {
  readonly shardId: string;
  readonly epoch: number;
  readonly cycle: number;
  readonly receivedAtMs: number;
  readonly bindings: ReadonlyMap<string, ShardBinding>;
}

export class Observed {
  readonly #reports = new Map<string, ShardReport>();

  /** Takes the report unless a newer one is known. */
  take(report: ReportShardRequest, nowMs: number): boolean {
    const known = this.#reports.get(report.shardId);
    if (known !== undefined && isOlder(report, known)) return false;
    this.#reports.set(report.shardId, {
      shardId: report.shardId,
      epoch: report.epoch,
      cycle: report.cycle,
      receivedAtMs: nowMs,
      bindings: new Map(report.bindings.map((binding) => [binding.clusterId, binding])),
    });
    return true;
  }

  report(shardId: string): ShardReport | undefined {
    return this.#reports.get(shardId);
  }

  reports(): Iterable<ShardReport> {
    return this.#reports.values();
  }

  /** A new leadership starts from nothing. */
  forgetAll(): void {
    this.#reports.clear();
  }
}

function isOlder(report: ReportShardRequest, known: ShardReport): boolean {
  if (report.epoch !== known.epoch) return report.epoch < known.epoch;
  return report.cycle <= known.cycle;
}
