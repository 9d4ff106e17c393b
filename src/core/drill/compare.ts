// Two reports side by side, drill by drill: what became better or worse, and by how much. A difference counts if it is
// more than the runs of one report differ among themselves. Pure.

import { type DrillReport, measuredOf } from "./report.ts";
import { GATE_NAMES, type GateUnit, unitOf } from "./slo.ts";
import { STAGES } from "./stages.ts";

export interface Comparison {
  /** Those that both reports have; of a game day several. */
  readonly drill: string;
  readonly runs: readonly [number, number];
  readonly rows: readonly Compared[];
  /** Drills that only one of the reports has: of them nothing is compared. */
  readonly onlyInOne: readonly string[];
  /** Whether something became worse beyond the noise. */
  readonly verdict: "same" | "better" | "worse";
}

/** All numbers are better when they are smaller. */
export interface Compared {
  readonly drill: string;
  readonly name: string;
  readonly unit: GateUnit;
  /** Medians; null = it did not happen in most runs, or is not known. */
  readonly before: number | null;
  readonly after: number | null;
  /** after − before. */
  readonly change: number | null;
  /** The larger spread of the runs of one report, from the smallest to the largest; null = one run shows none. */
  readonly noise: number | null;
  readonly verdict: "same" | "better" | "worse" | "within noise" | "one run: no noise known";
}

type Runs = readonly DrillReport[];

export function compareRuns(before: Runs, after: Runs): Comparison {
  const [left, right] = [byDrill(before), byDrill(after)];
  const common = [...right.keys()].filter((drill) => left.has(drill));
  const rows = common.flatMap((drill) => compareDrill(drill, left.get(drill) ?? [], right.get(drill) ?? []));
  const isWorse = rows.some(({ verdict }) => verdict === "worse");
  const isBetter = rows.some(({ verdict }) => verdict === "better");
  return {
    ...{ drill: common.join(", "), runs: [before.length, after.length], rows },
    onlyInOne: [...new Set([...left.keys(), ...right.keys()])].filter((drill) => !common.includes(drill)),
    verdict: isWorse ? "worse" : isBetter ? "better" : "same",
  };
}

/** Runs of different drills must not share a median. */
function byDrill(runs: Runs): ReadonlyMap<string, Runs> {
  const found = new Map<string, Runs>();
  for (const run of runs) found.set(run.drill, [...(found.get(run.drill) ?? []), run]);
  return found;
}

function compareDrill(drill: string, before: Runs, after: Runs): readonly Compared[] {
  return [
    ...STAGES.map((stage) => compared(stage, "ms", before, after, ({ observed }) => observed.stages[stage])),
    compared("longest-wait", "ms", before, after, longestWait),
    ...GATE_NAMES.filter((name) => unitOf(name) === "count").map((name) =>
      compared(name, "count", before, after, ({ measured }) => measuredOf(name, measured)),
    ),
  ]
    .filter((row) => row.before !== null || row.after !== null)
    .map((row) => ({ drill, ...row }));
}

function compared(
  name: string,
  unit: GateUnit,
  before: Runs,
  after: Runs,
  read: (report: DrillReport) => number | null,
): Omit<Compared, "drill"> {
  const [left, right] = [before.map(read), after.map(read)];
  const [from, to] = [medianOf(left), medianOf(right)];
  const change = from === null || to === null ? null : to - from;
  const spreads = [spreadOf(left), spreadOf(right)].filter((spread) => spread !== null);
  const noise = spreads.length === 0 ? null : Math.max(...spreads);
  return { name, unit, before: from, after: to, change, noise, verdict: judge(from, to, noise, unit) };
}

function judge(
  from: number | null,
  to: number | null,
  noise: number | null,
  unit: GateUnit,
): Compared["verdict"] {
  if (from === to) return "same";
  // What no longer happens is worse than any number, and the other way round.
  if (from === null || to === null) return to === null ? "worse" : "better";
  const direction = to > from ? "worse" : "better";
  // Counts have no noise of their own: a lost write is one too many.
  if (unit === "count" && (from === 0 || to === 0)) return direction;
  if (noise === null) return "one run: no noise known";
  return Math.abs(to - from) <= noise ? "within noise" : direction;
}

function longestWait({ observed }: DrillReport): number | null {
  const waits = observed.clients.map(({ longestGapMs }) => longestGapMs);
  return waits.length === 0 ? null : Math.max(...waits);
}

/** Of an even number the worse of the two in the middle; null when that did not happen. */
function medianOf(values: readonly (number | null)[]): number | null {
  return quantileOf(values, 0.5);
}

/** One that was measured. What did not happen is worse than any number. */
export function quantileOf(values: readonly (number | null)[], share: number): number | null {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return found === undefined || found === Number.POSITIVE_INFINITY ? null : found;
}

function spreadOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < 2 ? null : Math.max(...known) - Math.min(...known);
}
