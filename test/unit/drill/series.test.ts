import { expect, test } from "vitest";
import { type DrillReport, reportOf } from "../../../src/core/drill/report.ts";
import { seriesOf } from "../../../src/core/drill/series.ts";
import type { Gate } from "../../../src/core/drill/slo.ts";
import { observed } from "./observed.ts";

const gates: readonly Gate[] = [{ name: "first-write", limit: 500 }];

function run(firstWriteMs: number | null, lost: readonly number[] = []): DrillReport {
  const findings = {
    ...{ drill: "kill-leader", startedAt: "2026-01-01T00:00:00Z", timeline: [] },
    durations: { faultToLeaderMs: 100, faultToFirstWriteMs: firstWriteMs, catchUpMs: 900 },
    writes: {
      counts: { attempted: 10, acknowledged: 9, failed: 0, unknown: 1 },
      ...{ lost, duplicated: [], unexpected: [] },
    },
    linearizability: { verdict: "yes", operations: 20, outcomesUnknown: 1, steps: 40, evidence: [] } as const,
    observed,
  };
  return reportOf(findings, gates);
}

test.each([
  { times: [300], median: 300, worst: 300, failed: 0, why: "of one run both are its own" },
  { times: [400, 100, 200], median: 200, worst: 400, failed: 0, why: "in order of size" },
  {
    times: [100, 400, 300, 200],
    median: 300,
    worst: 400,
    failed: 0,
    why: "the worse of the two in the middle",
  },
  { times: [100, 700, 200], median: 200, worst: 700, failed: 1, why: "one missed the gate" },
  { times: [null, 100, 200], median: 200, worst: null, failed: 1, why: "never is worse than late" },
  { times: [null, null, 200], median: null, worst: null, failed: 2, why: "mostly never" },
])("$times: median $median, worst $worst: $why", ({ times, median, worst, failed }) => {
  const [first, ...rest] = times.map((ms) => run(ms));
  if (first === undefined) throw new Error("there is a run");
  const { spread, verdict } = seriesOf([first, ...rest], times.length, gates);
  const found = spread.find(({ name }) => name === "first-write");
  expect(found).toEqual({ name: "first-write", unit: "ms", median, worst, limit: 500, failed });
  expect(verdict).toBe(failed === 0 ? "pass" : "fail");
});

test("what has no gate is shown all the same", () => {
  const { spread } = seriesOf([run(100, [4]), run(100)], 2, gates);
  expect(spread.find(({ name }) => name === "lost")).toMatchObject({ median: 1, worst: 1, limit: null });
});

test("a series that was cut short has failed", () => {
  expect(seriesOf([run(100)], 2, gates)).toMatchObject({ wanted: 2, verdict: "fail" });
});
