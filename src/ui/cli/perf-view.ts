// The report of `fleet check perf` as lines for people.
import type { PerfGate, PerfPhaseName, PerfReport } from "../../core/drill/perf.ts";
import { shortTime } from "../model/milliseconds.ts";
import type { TextView } from "./view.ts";

export const PHASE_WORDS: Readonly<Record<PerfPhaseName, string>> = {
  lone: "one client writes",
  writes: "many clients write",
  reads: "many clients read",
};

export const perfView: TextView<PerfReport> = {
  kind: "PerfReport",
  text: (report, { paint, symbols }) => {
    const judged = (isGood: boolean, text: string): string => {
      const mark = isGood ? "good" : "bad";
      return paint.mark(mark, `${symbols.marks[mark]} ${text}`);
    };
    return [
      ...report.phases.map(
        ({ phase, clients, perSecond, p50Ms, p95Ms, p99Ms, worstMs }) =>
          `${PHASE_WORDS[phase].padEnd(20)} ${String(clients).padStart(4)} clients  ${perSecond.toFixed(0).padStart(6)}/s  ` +
          `p50 ${time(p50Ms)}, p95 ${time(p95Ms)}, p99 ${time(p99Ms)}, worst ${time(worstMs)}`,
      ),
      ...report.disks.map(
        ({ node, syncs, p50Ms, p99Ms }) =>
          `${`disk of ${node}`.padEnd(20)} ${syncs} syncs  p50 ≤ ${time(p50Ms)}, p99 ≤ ${time(p99Ms)}`,
      ),
      ...(report.disks.length > 0
        ? []
        : [`${"disks".padEnd(20)} n/a: no coordinator writes the log on its own disk`]),
      ...Object.entries(report.errors).map(([code, count]) => `${`errors`.padEnd(20)} ${code} ${count}`),
      ...report.gates.map((gate) => judged(gate.passed, gateText(gate))),
      ...(report.rowsLeft === null ? [] : [judged(false, rowsLeftText(report.rowsLeft))]),
      judged(report.verdict === "pass", `verdict: ${report.verdict}`),
    ];
  },
};

export const rowsLeftText = (error: string): string =>
  `probe rows are left, because their removal failed (${error}); the next run removes them`;

function gateText({ name, measured, limit }: PerfGate): string {
  switch (name) {
    case "writes-per-second":
      return `${(measured ?? 0).toFixed(0)} writes a second, at least ${limit}`;
    case "p99":
      return `p99 latency of writes of many clients ${time(measured)}, at most ${time(limit)}`;
    case "errors":
      return `${measured ?? 0} errors, at most ${limit}`;
    case "elections":
      return measured === null
        ? "the nodes did not say how many elections there were"
        : `${measured} elections, at most ${limit}`;
  }
}

const time = (ms: number | null): string => (ms === null ? "–" : shortTime(ms));
