// Drills as one page that needs nothing else: no script, no font, no picture from elsewhere. It reads on a phone, in the dark and
// on paper. Whatever a report holds is escaped. Pure.

import { xml } from "./junit.ts";
import type { DrillReport } from "./report.ts";
import { spreadRows } from "./spread.ts";
import { STAGES } from "./stages.ts";
import { latencyChart, rolesChart, throughputChart } from "./svg-charts.ts";

export interface PageOptions {
  readonly title: string;
  /** The fleet as the operator calls it. */
  readonly fleet: string;
}

export function pageOf(runs: readonly DrillReport[], { title, fleet }: PageOptions): string {
  const failed = runs.filter(({ verdict }) => verdict === "fail").length;
  const words = failed === 0 ? "✓ pass" : `✗ fail: ${failed} of ${runs.length}`;
  const names = [...new Set(runs.map(({ drill }) => drill))];
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${xml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${xml(title)}</h1>`,
    `<p class="verdict ${failed === 0 ? "pass" : "fail"}">${words}</p>`,
    `<p>Fleet ${xml(fleet)}, begun ${xml(runs[0]?.startedAt ?? "")}</p>`,
    ...names.flatMap((name) => {
      const own = runs.filter(({ drill }) => drill === name);
      return own.length > 1 ? series(name, own) : [];
    }),
    ...runs.map((run, at) => section(run, at, runs.length)),
    "</body></html>",
    "",
  ].join("\n");
}

function series(name: string, runs: readonly DrillReport[]): string[] {
  const rows = spreadRows(runs).map(({ name: what, unit, p50, p95, max }) => {
    return [what, ...[p50, p95, max].map((value) => amount(value, unit))];
  });
  return [`<h2>${xml(name)}: ${runs.length} runs</h2>`, table(["", "p50", "p95", "max"], rows)];
}

function section(run: DrillReport, at: number, count: number): string {
  const { drill, verdict, observed, linearizability, measured, gates, timeline } = run;
  const since = observed.expects === "stop" ? "healing" : "fault";
  const { writes } = measured;
  const proof = [...observed.evidence, ...linearizability.evidence];
  return [
    "<section>",
    `<h2>${count > 1 ? `${at + 1}. ` : ""}${xml(drill)} <span class="${verdict}">${verdict === "pass" ? "✓ pass" : "✗ fail"}</span></h2>`,
    `<p>${xml(run.startedAt)}; hit: ${xml(observed.victims.join(", ") || "nothing")}. The fault's window is shaded.</p>`,
    throughputChart(observed),
    latencyChart(observed),
    rolesChart(observed),
    '<div class="tables">',
    table(
      [`Since the ${since}`, ""],
      STAGES.map((stage) => [stage, amount(observed.stages[stage], "ms")]),
    ),
    table(
      ["Gate", "Measured", "At most", ""],
      gates.map(({ name, actual, limit, unit, passed }) => {
        return [name, amount(actual, unit), amount(limit, unit), passed ? "✓" : "✗ failed"];
      }),
    ),
    table(
      ["Client", "Longest wait", "At"],
      observed.clients.map(({ client, longestGapMs, fromMs }) => {
        return [client, amount(longestGapMs, "ms"), amount(fromMs, "ms")];
      }),
    ),
    table(
      ["What", "Count"],
      [
        ["writes", String(writes.attempted)],
        ["acknowledged", String(writes.acknowledged)],
        ["failed", String(writes.failed)],
        ["unknown outcome", String(writes.unknown)],
        ["lost", String(measured.lost)],
        ["applied twice", String(measured.duplicated)],
        ["stale reads", String(measured.staleReads)],
        ["linearizable", `${linearizability.verdict} (${linearizability.operations} operations)`],
        ...Object.entries(observed.errors).map(([code, times]) => [`error ${code}`, String(times)]),
      ],
    ),
    "</div>",
    ...(proof.length === 0 ? [] : [`<h3>Evidence</h3><pre>${xml(proof.join("\n"))}</pre>`]),
    "<h3>Timeline</h3>",
    table(
      ["At", "What"],
      timeline.map(({ atMs, what }) => [amount(atMs, "ms"), what]),
    ),
    "</section>",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (kind: "th" | "td", row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${kind}>${xml(cell)}</${kind}>`).join("")}</tr>`;
  return `<table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table>`;
}

function amount(value: number | null, unit: "ms" | "count"): string {
  if (value === null) return "–";
  if (unit === "count") return String(value);
  return value < 1_000 ? `${value} ms` : `${Math.round(value / 10) / 100} s`;
}

const STYLE = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #6b7280; --grid: #e5e7eb; --bar: #2563eb; --good: #15803d; --bad: #b91c1c; --fault: #fde68a; }
@media (prefers-color-scheme: dark) { :root { --fg: #e5e7eb; --bg: #111418; --soft: #9ca3af; --grid: #2a2f37; --bar: #60a5fa; --good: #4ade80; --bad: #f87171; --fault: #57430b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.verdict { font-size: 1.2rem; font-weight: 600; } .pass { color: var(--good); } .fail { color: var(--bad); }
figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .85rem; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--fg); font: 11px system-ui, sans-serif; } svg .tick { fill: var(--soft); }
.fault { fill: var(--fault); opacity: .6; } .bar { fill: var(--bar); } .grid { stroke: var(--grid); } .axis { stroke: var(--soft); }
polyline { fill: none; stroke-linecap: round; stroke: var(--bar); stroke-width: 1.5; } polyline.worst { stroke: var(--bad); stroke-dasharray: 4 3; }
rect.leader { fill: var(--good); opacity: .75; } rect.follower { fill: var(--soft); opacity: .25; }
rect.candidate { fill: var(--bar); opacity: .6; } rect.unreachable { fill: none; stroke: var(--bad); stroke-dasharray: 3 2; }
.tables { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 1rem 2rem; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .15rem .75rem .15rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
td:first-child { white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--bad); padding-left: .75rem; }
@media screen and (max-width: 40rem) { figure { overflow-x: auto; } figcaption { position: sticky; left: 0; } svg { min-width: 40rem; } }
@media print { body { max-width: none; font-size: 11px; } section { break-inside: avoid-page; } }
`;
