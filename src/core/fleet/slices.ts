// Work over many rows in slices, so that other work runs between two of them. Generators, so that the same
// code also runs in one go. What must stay true: the size of slices never changes the result.

import { assert } from "../base/assert.ts";

/** Work that pauses at each `yield`. */
export type Slicing<Value> = Generator<undefined, Value, undefined>;

/** For work that is never split. */
export const AT_ONCE = Number.POSITIVE_INFINITY;

/** Does the work for each row and yields after every `rowsPerSlice` rows. */
export function* bySlices<Row>(
  rows: Iterable<Row>,
  rowsPerSlice: number,
  work: (row: Row, at: number) => void,
): Slicing<void> {
  assert(rowsPerSlice > 0, "a slice gets on");
  let at = 0;
  for (const row of rows) {
    if (at > 0 && at % rowsPerSlice === 0) yield;
    work(row, at);
    at += 1;
  }
}

/** Runs all of it now. */
export function drained<Value>(slicing: Slicing<Value>): Value {
  for (;;) {
    const step = slicing.next();
    if (step.done) return step.value;
  }
}
