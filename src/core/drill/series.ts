// Several runs of one drill, judged together: of each measured number the median and the worst. Pure.
// What must stay true: what did not happen in a run, or is not known of it, is worse than any number.

import { type DrillReport, measuredOf } from "./report.ts";
import { GATE_NAMES, type Gate, type GateName, type GateUnit, unitOf } from "./slo.ts";
import { type SpreadRow, spreadRows } from "./spread.ts";

export interface SeriesReport {
  /** For example "kill-leader". */
  readonly drill: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** How many runs were asked for; fewer were made when something stood in their way. */
  readonly wanted: number;
  readonly runs: readonly DrillReport[];
  readonly spread: readonly Spread[];
  /** Of the stages, and of what is counted: p50, p95 and the largest. */
  readonly quantiles: readonly SpreadRow[];
  /** Of the worst run; a series that was cut short has failed. */
  readonly verdict: "pass" | "fail";
}

export interface Spread {
  readonly name: GateName;
  readonly unit: GateUnit;
  /** One that was measured: of an even number of runs the worse of the two in the middle. */
  readonly median: number | null;
  /** null = in some run it did not happen, or is not known. */
  readonly worst: number | null;
  /** The gate's; null = there is no gate of that name. */
  readonly limit: number | null;
  /** In how many runs the gate did not hold. */
  readonly failed: number;
}

export function seriesOf(
  runs: readonly [DrillReport, ...DrillReport[]],
  wanted: number,
  gates: readonly Gate[],
): SeriesReport {
  const { drill, startedAt } = runs[0];
  const isPassed = runs.length === wanted && runs.every(({ verdict }) => verdict === "pass");
  const spread = GATE_NAMES.map((name) => spreadOf(name, runs, gates));
  const quantiles = spreadRows(runs);
  return { drill, startedAt, wanted, runs, spread, quantiles, verdict: isPassed ? "pass" : "fail" };
}

function spreadOf(name: GateName, runs: readonly DrillReport[], gates: readonly Gate[]): Spread {
  const ordered = runs.map((run) => measuredOf(name, run.measured)).toSorted(byBadness);
  const failed = runs.filter((run) => run.gates.some((gate) => gate.name === name && !gate.passed));
  return {
    ...{ name, unit: unitOf(name) },
    median: ordered[Math.floor(ordered.length / 2)] ?? null,
    worst: ordered.at(-1) ?? null,
    limit: gates.find((gate) => gate.name === name)?.limit ?? null,
    failed: failed.length,
  };
}

const byBadness = (left: number | null, right: number | null): number =>
  left === right ? 0 : (left ?? Number.POSITIVE_INFINITY) - (right ?? Number.POSITIVE_INFINITY);
