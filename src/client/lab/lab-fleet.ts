// The lab's actors, and their reports to a fleet. Must stay true: a shard's reports never overlap.

import { LabShard, type LabShardOptions } from "../../core/lab/lab-shard.ts";
import { clusterName, shardAddress, shardName } from "../../core/lab/names.ts";
import { type LabSize, range } from "../../core/lab/size.ts";
import type { LabLink } from "./lab-link.ts";

const SHORTFALLS_PER_REPORT_MAX = 100;

export class LabFleet {
  readonly size: LabSize;
  readonly shards: readonly LabShard[];
  readonly #link: LabLink;
  readonly #reporting = new Set<LabShard>();

  /** Nothing is sent yet. `epoch` rises with each run, as a shard's does with each start. */
  constructor(link: LabLink, size: LabSize, epoch: number) {
    this.#link = link;
    this.size = size;
    this.shards = range(size.shards).map((number) => new LabShard(shardOptions(size, number, epoch)));
  }

  /** Every agent dials: the shard that coordinators know for its cluster, or at first its own. */
  dialAll(known: ReadonlyMap<string, { readonly shardId: string; readonly version: number }>): void {
    const byId = new Map(this.shards.map((shard) => [shard.id, shard]));
    for (const number of range(this.size.clusters)) {
      const cluster = clusterName(number);
      const declared = known.get(cluster);
      const owner = byId.get(declared?.shardId ?? shardName(number % this.size.shards));
      if (declared === undefined) owner?.dial(cluster);
      else owner?.resume(cluster, declared.version);
    }
  }

  /**
   * Sends the shard's report and applies the answer. False: the previous one is still running. Throws an
   * OperatorError.
   */
  async report(shard: LabShard): Promise<boolean> {
    if (this.#reporting.has(shard)) return false;
    this.#reporting.add(shard);
    try {
      const report = shard.report();
      shard.taken(report, await this.#link.report(report.request));
      return true;
    } finally {
      this.#reporting.delete(shard);
    }
  }
}

function shardOptions(size: LabSize, number: number, epoch: number): LabShardOptions {
  const share = Math.ceil((size.shortfalls - number) / size.shards);
  const shortfalls = Math.max(0, Math.min(SHORTFALLS_PER_REPORT_MAX, share));
  return { id: shardName(number), address: shardAddress(number), epoch, shortfalls };
}
