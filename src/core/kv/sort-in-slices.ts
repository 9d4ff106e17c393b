// Sorts very many rows in slices: short runs first, then merges of two.

import type { Slicing } from "../fleet/slices.ts";

/** Rows of a slice: some milliseconds. */
export const SLICE_ROWS = 4_096;

/** A new list. `compare`: negative or positive, as of sorting. */
export function* sortInSlices<Row>(
  rows: Iterable<Row>,
  compare: (one: Row, other: Row) => number,
): Slicing<Row[]> {
  let runs: Row[][] = [];
  let run: Row[] = [];
  for (const row of rows) {
    run.push(row);
    if (run.length < SLICE_ROWS) continue;
    runs.push(run.sort(compare));
    run = [];
    yield;
  }
  runs.push(run.sort(compare));
  while (runs.length > 1) {
    const merged: Row[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* mergeTwo(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeTwo<Row>(
  left: Row[],
  right: readonly Row[],
  compare: (one: Row, other: Row) => number,
): Slicing<Row[]> {
  if (right.length === 0) return left;
  const merged: Row[] = [];
  let [fromLeft, fromRight] = [0, 0];
  while (merged.length < left.length + right.length) {
    if (merged.length > 0 && merged.length % SLICE_ROWS === 0) yield;
    const isLeft =
      fromRight === right.length ||
      (fromLeft < left.length && compare(left[fromLeft] as Row, right[fromRight] as Row) <= 0);
    merged.push((isLeft ? left[fromLeft] : right[fromRight]) as Row);
    if (isLeft) fromLeft += 1;
    else fromRight += 1;
  }
  return merged;
}
