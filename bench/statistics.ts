// Order statistics of measured numbers.

import { assert, present } from "../src/core/base/assert.ts";

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((left, right) => left - right),
    0.5,
  );
}

/** `sorted` is ascending and not empty; 0 ≤ `share` ≤ 1. Always one of the values, never between two. */
export function quantile(sorted: readonly number[], share: number): number {
  assert(share >= 0 && share <= 1, "a quantile is a share of the values");
  return present(sorted[Math.floor((sorted.length - 1) * share)], "there is at least one value");
}
