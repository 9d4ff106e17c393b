// Reads drills' reports back: of one run, of several, of a game day. A file that this version did not write is refused.

import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import { readInput } from "../files/read-input.ts";

/** The runs in the report at `path`, in their order. Throws REPORT_UNREADABLE. */
export async function readRuns(path: string): Promise<readonly [DrillReport, ...DrillReport[]]> {
  const text = await readInput(path).catch((cause: unknown) => {
    throw unreadable(path, messageOf(cause));
  });
  const [first, ...rest] = runsIn(parse(path, text));
  if (first === undefined || ![first, ...rest].every(isReport)) {
    throw unreadable(path, "it is not a report of fleet drill, or a version before 0.1 wrote it");
  }
  return [first, ...rest];
}

type Fields = Readonly<Record<string, unknown>>;

function parse(path: string, text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch (cause) {
    throw unreadable(path, messageOf(cause));
  }
}

function runsIn(fields: Fields): DrillReport[] {
  const { steps, runs } = fields;
  if (Array.isArray(steps)) return steps.flatMap((step) => runsIn(fieldsOf(step)));
  if (Array.isArray(runs)) return runs as DrillReport[];
  return [fields as unknown as DrillReport];
}

function isReport(report: DrillReport): boolean {
  const { drill, startedAt, gates, timeline } = report;
  const { stages, clients, slices } = fieldsOf(report.observed);
  const lists = [gates, timeline, clients, slices];
  return (
    typeof drill === "string" &&
    typeof startedAt === "string" &&
    lists.every(Array.isArray) &&
    [stages, report.measured, report.linearizability].every(
      (part) => typeof part === "object" && part !== null,
    )
  );
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function unreadable(path: string, why: string): OperatorError {
  return new OperatorError("REPORT_UNREADABLE", {
    what: `${path} cannot be read as a drill's report`,
    why,
    next: "name a file that fleet drill run wrote: --report FILE, or those in .fleet/drills/",
    exit: Exit.NotFound,
  });
}
