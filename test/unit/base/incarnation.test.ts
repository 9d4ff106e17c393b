// How two lives of a cluster are ordered, and what epoch the next one gets from copy and clock.

import { describe, expect, test } from "vitest";
import { clockBehindMs, nextEpoch, orderOf } from "../../../src/core/base/incarnation.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22);

describe("order", () => {
  const obeyed = { id: "a", epoch: 100 };
  test.each([
    { heard: { id: "a", epoch: 100 }, order: "same", why: "one beginning" },
    { heard: { id: "a", epoch: 0 }, order: "same", why: "an id is given once, whatever else is told of it" },
    { heard: { id: "b", epoch: 101 }, order: "newer", why: "it began later" },
    { heard: { id: "b", epoch: 99 }, order: "older", why: "it began earlier" },
    { heard: { id: "b", epoch: 100 }, order: "disputed", why: "two beginnings at one time" },
  ])("$heard.id with epoch $heard.epoch is $order: $why", ({ heard, order }) =>
    expect(orderOf(heard, obeyed)).toBe(order),
  );
});

describe("the next epoch", () => {
  test.each([
    { copy: { epoch: 0, newestMs: NOW_MS - HOUR_MS }, nowMs: NOW_MS, epoch: NOW_MS, why: "it is the time" },
    {
      copy: { epoch: 0, newestMs: NOW_MS },
      nowMs: 0,
      epoch: NOW_MS,
      why: "with a clock without a battery, the newest entry's",
    },
    {
      copy: { epoch: NOW_MS + HOUR_MS, newestMs: 0 },
      nowMs: NOW_MS,
      epoch: NOW_MS + HOUR_MS + 1,
      why: "above the copy's own, which a clock ahead has made",
    },
    { copy: { epoch: 0, newestMs: 0 }, nowMs: -5, epoch: 1, why: "before 1970 it counts" },
    {
      copy: { epoch: 0, newestMs: 0 },
      nowMs: Number.MAX_SAFE_INTEGER,
      epoch: Date.UTC(3000, 0, 1),
      why: "no later than the year 3000",
    },
    {
      copy: { epoch: Date.UTC(3000, 0, 1), newestMs: NOW_MS },
      nowMs: NOW_MS,
      epoch: Date.UTC(3000, 0, 1) + 1,
      why: "and it counts from there",
    },
  ])("of $copy at $nowMs is $epoch: $why", ({ copy, nowMs, epoch }) =>
    expect(nextEpoch(copy, nowMs)).toBe(epoch),
  );

  test("rises with the clock for the same copy, and with each beginning without a clock", () => {
    const copy = { epoch: 7, newestMs: NOW_MS };
    expect(nextEpoch(copy, NOW_MS + 2)).toBeGreaterThan(nextEpoch(copy, NOW_MS + 1));
    let epoch = 0;
    for (let count = 0; count < 1_000; count += 1) {
      const next = nextEpoch({ epoch, newestMs: 0 }, 0);
      expect(next).toBeGreaterThan(epoch);
      epoch = next;
    }
    expect(epoch).toBe(1_000);
  });
});

test("a clock behind the newest entry, or behind the last beginning, is told by how much", () => {
  const copy = { epoch: NOW_MS, newestMs: NOW_MS + HOUR_MS };
  expect(clockBehindMs(copy, NOW_MS)).toBe(HOUR_MS);
  expect(clockBehindMs({ ...copy, newestMs: 0 }, NOW_MS - 1)).toBe(1);
  expect(clockBehindMs(copy, NOW_MS + HOUR_MS)).toBe(0);
});
