// How many clusters shards may declare at first contact, and how fast: a certificate of a shard must neither keep the leader
// from its heartbeats nor take all names of a fleet. What must stay true: of all shards together no more are proposed at once
// than are applied in a turn or two; a shard that is refused is served as before, since a binding on its own disk needs no
// coordinator. What is not declared now comes with the next report. Absent: who may report.

import { assert } from "../../base/assert.ts";
import type { Binding } from "../../wire/gen/fleet/v1/command.ts";

/** Bindings of its own making that a shard may have. */
export const FIRST_CONTACTS_MAX = 1_000;
/** Of one report in one go, of one report in all, and of all reports at once. */
const BATCH = 64;
const OF_A_REPORT_MAX = 512;
const AT_ONCE_MAX = 128;

assert(BATCH <= AT_ONCE_MAX, "a batch alone has room");

export interface Declared {
  /** What the shard may not have: it has as many of its own making as one may. */
  readonly refused: number;
}

export interface Declaring {
  readonly shardId: string;
  /** How many more bindings of its own making the shard may have now. */
  readonly room: () => number;
  /** Resolves when it is applied, or refused. */
  readonly declare: (clusterId: string) => Promise<unknown>;
  /** Whether the report has taken its time. */
  readonly isLate: () => boolean;
}

export class FirstContacts {
  readonly #declaring = new Set<string>();
  #underWay = 0;

  /** Declares as many of `clusters` as it may now. */
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

/** How many of these, a shard's rows, it declared itself: no other has decided anything about them since. */
export function ownMaking(rows: Iterable<Readonly<Binding>>, shard: string): number {
  let count = 0;
  for (const { by, migration } of rows) if (by === shard && migration === undefined) count += 1;
  return count;
}
