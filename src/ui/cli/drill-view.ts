// A drill's report as lines for people: what happened when, what was measured, which gates held.
import type { DrillReport } from "../../core/drill/report.ts";
import { formatDuration } from "../model/duration.ts";
import type { Look } from "../model/paint.ts";
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

function timeline(report: DrillReport): string[] {
  return report.timeline.map((line) => `${`${line.atMs}ms`.padStart(8)}  ${line.what}`);
}

function measured({ measured: found, linearizability }: DrillReport): string[] {
  const { verdict: word, operations, outcomesUnknown } = linearizability;
  const { attempted, acknowledged, failed, unknown } = found.writes;
  return [
    `kill → new leader     ${duration(found.faultToLeaderMs)}`,
    `kill → first write    ${duration(found.faultToFirstWriteMs)}`,
    `restart → caught up   ${duration(found.catchUpMs)}`,
    `writes                ${attempted} attempted, ${acknowledged} acknowledged, ${failed} failed, ${unknown} unknown`,
    `lost                  ${found.lost}`,
    `applied twice         ${found.duplicated}`,
    `linearizable          ${word} (${operations} reads and compare-and-sets, ${outcomesUnknown} of unknown outcome)`,
  ];
}

function evidence({ linearizability }: DrillReport): string[] {
  return linearizability.evidence.length === 0 ? [] : [...linearizability.evidence, ""];
}

function verdict({ gates, verdict: word }: DrillReport, { paint, symbols }: Look): string[] {
  const line = (isGood: boolean, text: string) => {
    const mark = isGood ? "good" : "bad";
    return paint.mark(mark, `${symbols.marks[mark]} ${text}`);
  };
  return [
    ...gates.map((gate) => {
      const amount = (value: number) => (gate.unit === "ms" ? formatDuration(value) : String(value));
      const actual = gate.actual === null ? "not known, or did not happen" : amount(gate.actual);
      return line(gate.passed, `${gate.name} ${actual}, at most ${amount(gate.limit)}`);
    }),
    line(word === "pass", `verdict: ${word}`),
  ];
}

const duration = (ms: number | null): string => (ms === null ? "did not happen" : formatDuration(ms));
