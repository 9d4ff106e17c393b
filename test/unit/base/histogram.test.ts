import { expect, test } from "vitest";
import { addUp, Histogram, quantile } from "../../../src/core/base/histogram.ts";

const BOUNDS = [1, 10, 100];

function of(...values: readonly number[]) {
  const histogram = new Histogram(BOUNDS);
  for (const value of values) histogram.record(value);
  return histogram.snapshot();
}

test("counts are cumulative, and what is above the last bound counts only in the total", () => {
  expect(of(0, 1, 2, 100, 1_000)).toEqual({ bounds: BOUNDS, cumulative: [2, 3, 4], count: 5, sum: 1_103 });
});

test("two of the same bounds add up to what one would have counted", () => {
  expect(addUp(of(1, 50), of(2, 500))).toEqual(of(1, 50, 2, 500));
});

test.each([
  { values: [], share: 0.5, is: null, why: "no values, no quantile" },
  { values: [5, 5, 5, 5], share: 0.5, is: 5.5, why: "in the middle of its bucket" },
  { values: [5, 5, 5, 5], share: 1, is: 10, why: "at most its bucket's bound" },
  { values: [0.5, 0.5, 0.5, 50], share: 0.75, is: 1, why: "three of four are at most 1" },
  { values: [5_000], share: 0.99, is: 100, why: "above the last bound nothing more is known" },
])("$share of $values: $why", ({ values, share, is }) => expect(quantile(of(...values), share)).toBe(is));
