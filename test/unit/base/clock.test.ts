// Ages never travel as negative or fractional numbers.

import { expect, test } from "vitest";
import { type Clock, elapsedMs, shownAgeMs, systemClock, wallTimeOf } from "../../../src/core/base/clock.ts";

test.each([
  { since: 10, now: 25.4, is: 15, why: "an unsigned number is whole" },
  { since: 25, now: 10, is: 0, why: "and never negative" },
])("from $since to $now: $is, for $why", ({ since, now, is }) => {
  expect([elapsedMs(since, now), shownAgeMs(since, now)]).toEqual([is, is]);
});

test("a deadline is as far from now by either clock", () => {
  const clock: Clock = { monotonicMs: () => 500, wallMs: () => 1_700_000_000_000 };
  expect(wallTimeOf(700, clock)).toBe(1_700_000_000_200);
  expect(wallTimeOf(Number.POSITIVE_INFINITY, clock)).toBe(Number.POSITIVE_INFINITY);
});

test("the wall clock is never before 1970", () => {
  const now = Date.now;
  try {
    Date.now = () => -5;
    expect(systemClock.wallMs()).toBe(0);
  } finally {
    Date.now = now;
  }
});
