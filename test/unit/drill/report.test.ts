import { describe, expect, test } from "vitest";
import { type DrillFindings, reportOf } from "../../../src/core/drill/report.ts";
import { type Gate, unitOf } from "../../../src/core/drill/slo.ts";
import { observed } from "./observed.ts";

const findings: DrillFindings = {
  drill: "kill-leader",
  startedAt: "2026-01-01T00:00:00Z",
  timeline: [{ atMs: 0, what: "writes started" }],
  durations: { faultToLeaderMs: 300, faultToFirstWriteMs: 450, catchUpMs: 900 },
  writes: {
    counts: { attempted: 10, acknowledged: 7, failed: 1, unknown: 2 },
    lost: [4],
    duplicated: [],
    unexpected: [5, 6],
  },
  linearizability: { verdict: "yes", operations: 20, outcomesUnknown: 1, steps: 40, evidence: [] },
  observed,
};

describe("a gate", () => {
  test.each([
    { gate: { name: "election", limit: 1_000 }, actual: 300, passed: true, why: "below its limit" },
    { gate: { name: "first-write", limit: 450 }, actual: 450, passed: true, why: "the limit is allowed" },
    { gate: { name: "first-write", limit: 449 }, actual: 450, passed: false, why: "above its limit" },
    { gate: { name: "catch-up", limit: 60_000 }, actual: 900, passed: true, why: "below its limit" },
    { gate: { name: "lost", limit: 0 }, actual: 1, passed: false, why: "a write is lost" },
    { gate: { name: "duplicated", limit: 0 }, actual: 0, passed: true, why: "none is there twice" },
    { gate: { name: "unexpected", limit: 1 }, actual: 2, passed: false, why: "two should not be there" },
    { gate: { name: "failed", limit: 1 }, actual: 1, passed: true, why: "one may fail" },
    { gate: { name: "unknown", limit: 1 }, actual: 2, passed: false, why: "too many outcomes unknown" },
  ] as const)("$gate.name $passed: $why", ({ gate, actual, passed }) => {
    expect(reportOf(findings, [gate]).gates).toEqual([{ ...gate, unit: unitOf(gate.name), actual, passed }]);
  });
});

const unrecovered = {
  ...findings,
  durations: { ...findings.durations, catchUpMs: null },
  observed: { ...observed, stages: { ...observed.stages, "lag-gone": null } },
};

test("what never happened fails its gate, and the drill whatever its gates are", () => {
  const gate = { name: "catch-up", limit: 60_000 } as const;
  expect(reportOf(unrecovered, [gate]).gates).toMatchObject([{ actual: null, passed: false }]);
  expect(reportOf(unrecovered, []).verdict).toBe("fail");
});

const judged = (verdict: "yes" | "no" | "unknown"): DrillFindings => ({
  ...findings,
  linearizability: { ...findings.linearizability, verdict },
});

test.each([
  { linearizable: "yes", actual: 0, verdict: "pass", why: "one order explains all answers" },
  { linearizable: "no", actual: 1, verdict: "fail", why: "none does" },
  { linearizable: "unknown", actual: null, verdict: "fail", why: "what is not shown does not hold" },
] as const)("linearizable $linearizable is a $verdict: $why", ({ linearizable, actual, verdict }) => {
  const report = reportOf(judged(linearizable), [{ name: "violations", limit: 0 }]);
  expect(report.gates).toMatchObject([{ actual, passed: verdict === "pass" }]);
  expect(report.verdict).toBe(verdict);
});

test.each([
  { gates: [], verdict: "pass", why: "nothing was asked for" },
  { gates: [{ name: "election", limit: 300 }], verdict: "pass", why: "all gates hold" },
  {
    gates: [
      { name: "election", limit: 300 },
      { name: "lost", limit: 0 },
    ],
    verdict: "fail",
    why: "one gate fails",
  },
] satisfies { gates: Gate[]; verdict: string; why: string }[])("$verdict: $why", ({ gates, verdict }) => {
  expect(reportOf(findings, gates).verdict).toBe(verdict);
});

test("the report's form is a contract with scripts", () => {
  expect(reportOf(findings, [{ name: "lost", limit: 1 }])).toEqual({
    drill: "kill-leader",
    startedAt: "2026-01-01T00:00:00Z",
    timeline: [{ atMs: 0, what: "writes started" }],
    measured: {
      faultToLeaderMs: 300,
      faultToFirstWriteMs: 450,
      catchUpMs: 900,
      writes: { attempted: 10, acknowledged: 7, failed: 1, unknown: 2 },
      lost: 1,
      duplicated: 0,
      unexpected: 2,
      violations: 0,
      staleReads: 0,
    },
    linearizability: findings.linearizability,
    observed,
    gates: [{ name: "lost", limit: 1, unit: "count", actual: 1, passed: true }],
    verdict: "pass",
  });
});

test("writes that were acknowledged without a quorum fail a drill, whatever its gates are", () => {
  const seen = { ...observed, expects: "stop", acknowledgedMeanwhile: 1 } as const;
  expect(reportOf({ ...findings, observed: seen }, []).verdict).toBe("fail");
});

test("a stale read is a measured number", () => {
  const gate = { name: "stale-reads", limit: 0 } as const;
  const report = reportOf({ ...findings, observed: { ...observed, staleReads: 2 } }, [gate]);
  expect(report).toMatchObject({ gates: [{ actual: 2, passed: false }], verdict: "fail" });
});
