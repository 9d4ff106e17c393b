// Work over many rows in slices, so that others are served between two of them. Generators, so that the same code also runs
// in one go. What must stay true: how the work is cut changes nothing of what it comes to.

import { assert } from "../base/assert.ts";

/** Work that rests at each `yield`. */
export type Slicing<Value> = Generator<undefined, Value, undefined>;

/** For work that is never cut. */
export const AT_ONCE = Number.POSITIVE_INFINITY;

/** Does the work for each row, and rests after every so many. */
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

/** All of it now. */
export function drained<Value>(slicing: Slicing<Value>): Value {
  for (;;) {
    const step = slicing.next();
    if (step.done) return step.value;
  }
}
