// What a bench hands over, and how it is printed: Markdown, to be pasted into RESULTS.md as it is.

import { median } from "./statistics.ts";

export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One measured duration: its runs, and what the project wants of it. */
export interface Measurement {
  readonly what: string;
  readonly runsMs: readonly number[];
  readonly goal: string;
}

export function durationTable(title: string, measurements: readonly Measurement[]): Table {
  return {
    title,
    header: ["what", "runs", "median", "worst", "to reach"],
    rows: measurements.map(({ what, runsMs, goal }) => {
      const worst = Math.max(...runsMs);
      return [what, String(runsMs.length), wholeMs(median(runsMs)), wholeMs(worst), goal];
    }),
  };
}

export function formatTable({ title, header, rows }: Table): string {
  const lines = [header, header.map(() => "---"), ...rows];
  return [`### ${title}`, "", ...lines.map((cells) => `| ${cells.join(" | ")} |`), ""].join("\n");
}

function wholeMs(ms: number): string {
  return `${Math.round(ms)} ms`;
}

/** A median with its lowest and highest value. */
export function formatRange(middle: number, lowest: number, highest: number): string {
  return `${middle.toFixed(0)} (${lowest.toFixed(0)}–${highest.toFixed(0)})`;
}
