// How what was measured is spread over several runs: p50, p95 and the largest. What did not happen in a run is worse than any
// number. Pure.

import { quantileOf } from "./compare.ts";
import { type DrillReport, measuredOf } from "./report.ts";
import { GATE_NAMES, type GateUnit, unitOf } from "./slo.ts";
import { STAGES } from "./stages.ts";

export interface SpreadRow {
  readonly name: string;
  readonly unit: GateUnit;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

export function spreadRows(runs: readonly DrillReport[]): readonly SpreadRow[] {
  const rowOf = (name: string, unit: GateUnit, values: readonly (number | null)[]): SpreadRow[] => {
    if (values.every((value) => value === null)) return [];
    const [p50, p95, max] = [0.5, 0.95, 1].map((share) => quantileOf(values, share));
    return [{ name, unit, p50: p50 ?? null, p95: p95 ?? null, max: max ?? null }];
  };
  return [
    ...STAGES.flatMap((stage) =>
      rowOf(
        stage,
        "ms",
        runs.map(({ observed }) => observed.stages[stage]),
      ),
    ),
    ...GATE_NAMES.filter((name) => unitOf(name) === "count").flatMap((name) =>
      rowOf(
        name,
        "count",
        runs.map(({ measured }) => measuredOf(name, measured)),
      ),
    ),
  ];
}
