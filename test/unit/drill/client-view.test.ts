// What a drill was like for its clients: waits, slices, stale reads, and the lines that prove a failure.

import { expect, test } from "vitest";
import { addCounts, gapOf, judgeRead, slicesOf } from "../../../src/core/drill/client-view.ts";
import { evidenceOf } from "../../../src/core/drill/observation.ts";

test.each([
  { successes: [10, 20, 90], longestGapMs: 70, fromMs: 20, why: "between two successes" },
  { successes: [80, 90], longestGapMs: 80, fromMs: 0, why: "before the first" },
  { successes: [10, 20], longestGapMs: 80, fromMs: 20, why: "after the last" },
  { successes: [], longestGapMs: 100, fromMs: 0, why: "all the time" },
  { successes: [50, 400], longestGapMs: 50, fromMs: 0, why: "what comes after the drill does not count" },
])("the longest wait is $longestGapMs ms: $why", ({ successes, longestGapMs, fromMs }) => {
  expect(gapOf("c", successes, 0, 100)).toEqual({ client: "c", longestGapMs, fromMs });
});

test("a slice holds what was acknowledged in it, and how long that took", () => {
  const write = (number: number, begunMs: number, acknowledgedMs: number | null) => ({
    ...{ number, begunMs, acknowledgedMs },
  });
  const slices = slicesOf([write(1, 0, 10), write(2, 0, 60), write(3, 50, 260), write(4, 90, null)], 0, 300);
  expect(slices).toEqual([
    { atMs: 0, acknowledged: 2, medianMs: 60, worstMs: 60 },
    { atMs: 100, acknowledged: 0, medianMs: null, worstMs: null },
    { atMs: 200, acknowledged: 1, medianMs: 210, worstMs: 210 },
  ]);
});

test.each([
  { before: [1, 2], seen: [1, 2, 3], stale: null, why: "it shows more" },
  { before: [], seen: [], stale: null, why: "there was nothing to show" },
  { before: [1, 2], seen: [1], stale: [2], why: "what was acknowledged is missing" },
])("a read that began after $before and shows $seen: $why", ({ before, seen, stale }) => {
  const judged = judgeRead(7, before, new Set(seen));
  expect(judged).toEqual(stale === null ? null : { begunMs: 7, missing: stale });
});

test("counts of several clients are added", () => {
  expect(addCounts({ B: 1 }, { A: 2, B: 3 })).toEqual({ A: 2, B: 4 });
});

test("evidence names the write or the read, and of many only the first", () => {
  const lines = evidenceOf({
    ...{ lost: [4], duplicated: [5], stale: [{ begunMs: 70, missing: [8, 9] }], acknowledgedMeanwhile: [6] },
    unmet: ["no drift was shown"],
    shardGaps: [{ atMs: 80, shard: "s1", served: 1, wanted: 2 }],
    acknowledgedAt: new Map([
      [4, 40],
      [8, 60],
      [6, 55],
    ]),
  });
  expect(lines).toEqual([
    "no drift was shown",
    "lost: write 4, acknowledged at 40 ms, is not there",
    "applied twice: write 5",
    "stale read: begun at 70 ms, it does not show write 8, acknowledged at 60 ms, and 1 more",
    "shard s1 served 1 of its 2 agents at 80 ms",
    "write 6 was acknowledged at 55 ms, without a quorum",
  ]);
  const many = {
    duplicated: [],
    stale: [],
    acknowledgedMeanwhile: [],
    shardGaps: [],
    unmet: [],
    acknowledgedAt: new Map(),
  };
  const lost = Array.from({ length: 12 }, (_, at) => at);
  expect(evidenceOf({ ...many, lost })).toHaveLength(11);
});
