// How many rows share the first part of their keys, and the sum of their digests: so all of them can go at once, at the
// cost of none. What must stay true: the totals are those of the rows, and a prefix without rows has none.

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

  /** An O(1) copy: neither sees later changes of the other. */
  clone(): GroupTotals {
    const copy = new GroupTotals();
    copy.#totals = this.#totals.clone();
    return copy;
  }

  /** `count` rows more, or fewer, and what that changes of the digest. */
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

  /** What the prefix had; it has nothing afterwards. */
  take(prefix: string): Totals {
    return this.#totals.delete(prefix) ?? NONE;
  }
}
