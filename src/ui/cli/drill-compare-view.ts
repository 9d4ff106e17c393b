// How two drills look side by side.

import { formatDuration } from "../../core/base/duration.ts";
import type { Compared, Comparison } from "../../core/drill/compare.ts";
import type { Cell, Column, Mark } from "../model/table.ts";
import type { View } from "./view.ts";

/** The others say nothing of good or bad. */
const MARKS: ReadonlyMap<Compared["verdict"], Mark> = new Map([
  ["better", "good"],
  ["worse", "bad"],
]);

const columns: readonly Column<Compared>[] = [
  { name: "drill", header: "DRILL", value: ({ drill }) => drill },
  { name: "measured", header: "MEASURED", value: ({ name }) => name },
  { name: "before", header: "BEFORE", value: ({ before, unit }) => amount(before, unit) },
  { name: "after", header: "AFTER", value: ({ after, unit }) => amount(after, unit) },
  { name: "change", header: "CHANGE", value: ({ change, unit, before }) => changed(change, unit, before) },
  {
    name: "noise",
    header: "NOISE",
    value: ({ noise, unit }) => (noise === null ? null : amount(noise, unit)),
  },
  { name: "verdict", header: "VERDICT", value: ({ verdict }) => judged(verdict) },
];

export const comparisonView: View<Comparison, Compared> = {
  kind: "DrillComparison",
  rowKind: "DrillCompared",
  table: { rowName: ({ drill, name }) => `${drill} ${name}`, columns },
  rows: ({ rows }) => rows,
  lines: ({ onlyInOne }) =>
    onlyInOne.map((drill) => ({ mark: "warn", text: `${drill} is in one report only, and not compared` })),
  empty: "the reports have no drill in common",
};

function judged(verdict: Compared["verdict"]): Cell {
  const mark = MARKS.get(verdict);
  return mark === undefined ? verdict : { text: verdict, mark };
}

function amount(value: number | null, unit: Compared["unit"]): string | null {
  if (value === null) return null;
  return unit === "ms" ? formatDuration(value) : String(value);
}

function changed(change: number | null, unit: Compared["unit"], before: number | null): string | null {
  if (change === null) return null;
  const sign = change < 0 ? "−" : "+";
  const share =
    before === null || before === 0 ? "" : ` (${sign}${Math.round((Math.abs(change) / before) * 100)}%)`;
  return change === 0 ? "0" : `${sign}${amount(Math.abs(change), unit)}${share}`;
}
