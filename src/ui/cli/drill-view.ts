// A drill's report as lines for people: what happened when, what was measured, which gates held; of several runs how
// what was measured is spread.

import { formatDuration } from "../../core/base/duration.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import type { SeriesReport, Spread } from "../../core/drill/series.ts";
import type { GateUnit } from "../../core/drill/slo.ts";
import type { SpreadRow } from "../../core/drill/spread.ts";
import { STAGES, type Stage } from "../../core/drill/stages.ts";
import type { Look } from "../model/paint.ts";
import type { Column } from "../model/table.ts";
import { renderTable } from "./render-table.ts";
import type { TextView } from "./view.ts";

export const drillView: TextView<DrillReport> = {
  kind: "DrillReport",
  text: (report, look) => [
    ...timeline(report),
    "",
    ...measured(report),
    "",
    ...evidence(report),
    ...verdict(report, look),
  ],
  name: (report) => report.verdict,
};

/** Of several runs: what was measured, as a table, and which runs failed. */
export const seriesView: TextView<SeriesReport> = {
  kind: "DrillSeries",
  text: ({ runs, wanted, spread, quantiles, verdict: word }, look) => [
    renderTable(spreadColumns, spread.filter(isMeasured), true, look),
    "",
    renderTable(
      quantileColumns,
      quantiles.filter(({ unit }) => unit === "ms"),
      true,
      look,
    ),
    "",
    ...runs.flatMap((run, at) =>
      run.verdict === "pass" ? [] : [judged(false, failureOf(run, at + 1), look)],
    ),
    judged(word === "pass", `verdict: ${word}, ${runs.length} of ${wanted} runs`, look),
  ],
  name: (report) => report.verdict,
};

const spreadColumns: readonly Column<Spread>[] = [
  { name: "measured", header: "MEASURED", value: ({ name }) => name },
  { name: "median", header: "MEDIAN", value: ({ median, unit }) => amount(median, unit) },
  { name: "worst", header: "WORST", value: ({ worst, unit }) => amount(worst, unit) },
  {
    name: "limit",
    header: "AT MOST",
    value: ({ limit, unit }) => (limit === null ? null : amount(limit, unit)),
  },
  {
    name: "failed",
    header: "FAILED RUNS",
    value: ({ failed, limit }) =>
      limit === null ? null : { text: String(failed), mark: failed === 0 ? "good" : "bad" },
  },
];

/** A drill that restarts nothing has no catch-up, and need not say so. */
const isMeasured = ({ median, worst, limit }: Spread): boolean =>
  median !== null || worst !== null || limit !== null;

const quantileColumns: readonly Column<SpreadRow>[] = [
  { name: "stage", header: "STAGE", value: ({ name }) => name },
  { name: "p50", header: "P50", value: ({ p50, unit }) => amount(p50, unit) },
  { name: "p95", header: "P95", value: ({ p95, unit }) => amount(p95, unit) },
  { name: "max", header: "MAX", value: ({ max, unit }) => amount(max, unit) },
];

function failureOf({ gates }: DrillReport, number: number): string {
  const failed = gates.filter(({ passed }) => !passed);
  const why = failed.map(({ name, actual, unit }) => `${name} ${amount(actual, unit)}`);
  return `run ${number} failed: ${why.length === 0 ? "it did not recover" : why.join(", ")}`;
}

function timeline(report: DrillReport): string[] {
  return report.timeline.map((line) => `${`${line.atMs}ms`.padStart(8)}  ${line.what}`);
}

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  detected: "a replica notices",
  candidate: "a candidate",
  elected: "a new leader",
  committed: "its first commit",
  "first-write": "a client's first write",
  "first-read": "a client's first read",
  "lag-gone": "no replica lags",
  redundant: "all agree again",
};

/** Since the fault, or since its healing where the fleet had to stand until then. */
function stages({ observed }: DrillReport): string[] {
  const since = observed.expects === "stop" ? "healing" : "fault";
  const seen = STAGES.filter((stage) => observed.stages[stage] !== null || IS_SHOWN.has(stage));
  return seen.map(
    (stage) => `${`${since} → ${STAGE_WORDS[stage]}`.padEnd(34)}${duration(observed.stages[stage])}`,
  );
}

const IS_SHOWN: ReadonlySet<Stage> = new Set(["first-write", "first-read", "lag-gone", "redundant"]);

function clients({ observed }: DrillReport): string[] {
  const worst = observed.clients.toSorted((left, right) => right.longestGapMs - left.longestGapMs)[0];
  const codes = Object.entries(observed.errors).map(([code, count]) => `${code} ${count}`);
  return [
    ...(worst === undefined
      ? []
      : [`longest wait          ${duration(worst.longestGapMs)}, ${worst.client} at ${worst.fromMs}ms`]),
    `errors                ${codes.length === 0 ? "none" : codes.join(", ")}`,
  ];
}

function measured(report: DrillReport): string[] {
  const { measured: found, linearizability } = report;
  const { verdict: word, operations, outcomesUnknown } = linearizability;
  const { attempted, acknowledged, failed, unknown } = found.writes;
  return [
    ...stages(report),
    ...clients(report),
    `writes                ${attempted} attempted, ${acknowledged} acknowledged, ${failed} failed, ${unknown} unknown`,
    `lost                  ${found.lost}`,
    `applied twice         ${found.duplicated}`,
    `stale reads           ${found.staleReads}`,
    `linearizable          ${word} (${operations} reads and compare-and-sets, ${outcomesUnknown} of unknown outcome)`,
  ];
}

function evidence({ linearizability, observed }: DrillReport): string[] {
  const lines = [...observed.evidence, ...linearizability.evidence];
  return lines.length === 0 ? [] : [...lines, ""];
}

function verdict({ gates, verdict: word }: DrillReport, look: Look): string[] {
  return [
    ...gates.map(({ name, actual, limit, unit, passed }) =>
      judged(passed, `${name} ${amount(actual, unit)}, at most ${amount(limit, unit)}`, look),
    ),
    judged(word === "pass", `verdict: ${word}`, look),
  ];
}

function judged(isGood: boolean, text: string, { paint, symbols }: Look): string {
  const mark = isGood ? "good" : "bad";
  return paint.mark(mark, `${symbols.marks[mark]} ${text}`);
}

function amount(value: number | null, unit: GateUnit): string {
  if (value === null) return "not known, or did not happen";
  return unit === "ms" ? formatDuration(value) : String(value);
}

const duration = (ms: number | null): string => (ms === null ? "did not happen" : formatDuration(ms));
