// What a fleet's samples come to, and the verdict.

import { expect, test } from "vitest";
import { type PerfLook, type PerfPhase, perfReport } from "../../../src/core/drill/perf.ts";

const LIMITS = { rateMin: 100, p99MaxMs: 50 };
const samples = (count: number, tookMs: number, error: string | null = null) =>
  Array.from({ length: count }, () => ({ tookMs, error }));
const writes = (given: PerfPhase["samples"]): PerfPhase => ({
  ...{ phase: "writes", clients: 8, tookMs: 1_000, samples: given },
});
const disk = (cumulative: readonly number[], count: number) => ({
  ...{ node: "n1", boundsMs: [1, 5, 20], cumulative, count },
});
const look = (term: number | null, disks: PerfLook["disks"] = []): PerfLook => ({
  leader: "n1",
  term,
  disks,
});

test.each([
  { given: samples(200, 10), term: 3, failed: [], why: "fast enough" },
  { given: samples(50, 10), term: 3, failed: ["writes-per-second"], why: "too few" },
  { given: [...samples(190, 10), ...samples(10, 80)], term: 3, failed: ["p99"], why: "a slow tail" },
  {
    given: [...samples(200, 10), ...samples(1, 5, "UNAVAILABLE")],
    term: 3,
    failed: ["errors"],
    why: "an error",
  },
  { given: samples(200, 10), term: 4, failed: ["elections"], why: "an election meanwhile" },
  {
    given: samples(3, 5_000, "TIMED_OUT"),
    term: 3,
    failed: ["writes-per-second", "p99", "errors"],
    why: "no answer",
  },
])("fails by $failed: $why", ({ given, term, failed }) => {
  const report = perfReport([writes(given)], look(3), look(term), LIMITS);
  expect(report.gates.filter(({ passed }) => !passed).map(({ name }) => name)).toEqual(failed);
  expect(report.verdict).toBe(failed.length === 0 ? "pass" : "fail");
});

test.each([
  { before: 7, after: null },
  { before: null, after: 7 },
  { before: null, after: null },
])(
  "without a term before and after ($before, $after) the elections are unknown, and fail",
  ({ before, after }) => {
    const { gates, verdict } = perfReport([writes(samples(200, 10))], look(before), look(after), LIMITS);
    expect(gates.at(-1)).toEqual({ name: "elections", measured: null, limit: 0, passed: false });
    expect(verdict).toBe("fail");
  },
);

test("a term that fell is another leader's, and no gate passes on it", () => {
  const { gates } = perfReport([writes(samples(200, 10))], look(7), look(3), LIMITS);
  expect(gates.at(-1)).toMatchObject({ measured: null, passed: false });
});

test("a call that failed is no latency, and is counted by its name", () => {
  const given = [...samples(100, 10), ...samples(2, 5_000, "TIMED_OUT")];
  const report = perfReport([writes(given)], look(1), look(1), LIMITS);
  expect(report.phases[0]).toMatchObject({ answered: 100, perSecond: 100, p50Ms: 10, worstMs: 10 });
  expect(report.errors).toEqual({ TIMED_OUT: 2 });
});

test.each([
  {
    ...{ before: [disk([900, 1_000, 1_000], 1_000)], after: [disk([900, 1_098, 1_100], 1_100)] },
    ...{ shown: { syncs: 100, p50Ms: 5, p99Ms: 20 }, why: "only what happened between" },
  },
  {
    ...{ before: [disk([900, 1_000, 1_000], 1_000)], after: [disk([9, 10, 10], 10)] },
    ...{ shown: { syncs: 10, p50Ms: 1, p99Ms: 5 }, why: "it was restarted" },
  },
  {
    ...{ before: [], after: [disk([0, 0, 9], 10)] },
    ...{ shown: { syncs: 10, p50Ms: 20, p99Ms: null }, why: "slower than all bounds" },
  },
  {
    ...{ before: [disk([1, 1, 1], 1)], after: [disk([1, 1, 1], 1)] },
    ...{ shown: { syncs: 0, p50Ms: null, p99Ms: null }, why: "no sync" },
  },
])("the disk's syncs: $why", ({ before, after, shown }) => {
  const { disks } = perfReport([], look(1, before), look(1, after), LIMITS);
  expect(disks).toEqual([{ node: "n1", ...shown }]);
});
