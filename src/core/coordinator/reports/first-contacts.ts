// How many clusters shards may declare at first contact, and how fast. A shard's certificate must neither
// keep the leader from its heartbeats nor take all names of a fleet. What must stay true: for all shards
// together, at most as many are proposed at once as are applied in a turn or two. A refused cluster is served
// as before, because a binding on the shard's own disk needs no coordinator. The rest is declared with the
// next report. Absent: which shards may report.

import { assert } from "../../base/assert.ts";
import type { Binding } from "../../wire/gen/fleet/v1/command.ts";

/** Bindings by first contact that a shard may have. */
export const FIRST_CONTACTS_MAX = 1_000;
/** For one report at a time, for one report in total, and for all reports at once. */
const BATCH = 64;
const OF_A_REPORT_MAX = 512;
const AT_ONCE_MAX = 128;

assert(BATCH <= AT_ONCE_MAX, "a batch alone has room");

export interface Declared {
  /** How many were refused because the shard has reached its limit of bindings by first contact. */
  readonly refused: number;
}

export interface Declaring {
  readonly shardId: string;
  /** How many more bindings by first contact the shard may have now. */
  readonly room: () => number;
  /** Resolves when it is applied, or refused. */
  readonly declare: (clusterId: string) => Promise<unknown>;
  /** Whether the report has used up its time. */
  readonly isLate: () => boolean;
}

export class FirstContacts {
  readonly #declaring = new Set<string>();
  #underWay = 0;

  /** Declares as many of `clusters` as the limits allow now. */
  async declare(clusters: readonly string[], declaring: Declaring): Promise<Declared> {
    const { shardId, room, isLate } = declaring;
    // Two reports of one shard would each see the same room.
    if (clusters.length === 0 || this.#declaring.has(shardId)) return { refused: 0 };
    this.#declaring.add(shardId);
    try {
      const most = Math.min(clusters.length, OF_A_REPORT_MAX);
      let next = 0;
      while (next < most && !isLate()) {
        const left = room();
        if (left <= 0) return { refused: clusters.length - next };
        const size = Math.min(BATCH, most - next, left, AT_ONCE_MAX - this.#underWay);
        if (size <= 0) break;
        await this.#batch(clusters.slice(next, next + size), declaring);
        next += size;
      }
      return { refused: 0 };
    } finally {
      this.#declaring.delete(shardId);
    }
  }

  async #batch(clusters: readonly string[], { declare }: Declaring): Promise<void> {
    this.#underWay += clusters.length;
    assert(this.#underWay <= AT_ONCE_MAX, "no more first contacts are proposed at once than were allowed");
    try {
      await Promise.all(clusters.map(declare));
    } finally {
      this.#underWay -= clusters.length;
    }
  }
}

/** How many of a shard's rows it declared itself: no other client has changed them since. */
export function ownMaking(rows: Iterable<Readonly<Binding>>, shard: string): number {
  let count = 0;
  for (const { by, migration } of rows) if (by === shard && migration === undefined) count += 1;
  return count;
}
