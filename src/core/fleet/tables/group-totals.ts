// How many rows share the first part of their keys, and the sum of their digests. So all of them can be removed without
// reading them. What must stay true: the totals match the rows, and a prefix without rows has no entry.

import { assert } from "../../base/assert.ts";
import { OrderedMap } from "./ordered-map.ts";
import { addLanes, type Lanes, NO_LANES } from "./row-hash.ts";

interface Totals {
  readonly count: number;
  readonly digest: Lanes;
}

const NONE: Totals = { count: 0, digest: NO_LANES };

export class GroupTotals {
  #totals = new OrderedMap<string, Totals>();

  /** An O(1) copy: later changes of one do not change the other. */
  clone(): GroupTotals {
    const copy = new GroupTotals();
    copy.#totals = this.#totals.clone();
    return copy;
  }

  /** Adds `count` rows (or removes them if negative) and the change of the digest. */
  add(prefix: string, count: number, digest: Lanes): void {
    const known = this.#totals.get(prefix) ?? NONE;
    const totals = { count: known.count + count, digest: addLanes(known.digest, digest) };
    assert(totals.count >= 0, "no prefix has fewer rows than none");
    if (totals.count > 0) {
      this.#totals.set(prefix, totals);
      return;
    }
    assert(totals.digest.low === 0 && totals.digest.high === 0, "no rows have no digest");
    this.#totals.delete(prefix);
  }

  /** Removes and returns the prefix's totals. */
  take(prefix: string): Totals {
    return this.#totals.delete(prefix) ?? NONE;
  }
}
