// The output of `fleet doctor`: one block for each finding, the worst first, and one line that sums it up.

import type { Finding, Severity } from "../../client/doctor/check.ts";
import type { Diagnosis } from "../../client/doctor/diagnose.ts";
import { type Segment, segment } from "./paint.ts";
import type { Symbols } from "./symbols.ts";
import type { Mark } from "./table.ts";

const MARKS: Readonly<Record<Severity, Mark>> = {
  critical: "bad",
  error: "bad",
  warning: "warn",
  info: "unknown",
};

export function doctorLines(diagnosis: Diagnosis, { marks }: Symbols): Segment[][] {
  const blocks = diagnosis.findings.flatMap((finding) => [...findingLines(finding, marks), []]);
  return [...blocks, ...skippedLines(diagnosis), summaryLine(diagnosis, marks)];
}

function findingLines(
  { severity, check, subject, evidence, why, next }: Finding,
  marks: Symbols["marks"],
): Segment[][] {
  const mark = MARKS[severity];
  return [
    [segment(`${marks[mark]} ${severity}`, mark), segment(`  ${subject}: `, "strong"), segment(evidence)],
    [segment(`    check  ${check}`, "faint")],
    [segment(`    why    ${why}`)],
    [segment(`    next   ${next}`)],
  ];
}

function skippedLines({ skipped }: Diagnosis): Segment[][] {
  const byReason = Map.groupBy(skipped, ({ because }) => because);
  return [...byReason].map(([because, checks]) => [
    segment(
      `${checks.length} ${checks.length === 1 ? "check was" : "checks were"} skipped: ${because}`,
      "faint",
    ),
  ]);
}

function summaryLine({ name, findings, passed }: Diagnosis, marks: Symbols["marks"]): Segment[] {
  const counts = [...Map.groupBy(findings, ({ severity }) => severity)].map(
    ([severity, { length }]) => `${length} ${severity}${length === 1 || severity === "info" ? "" : "s"}`,
  );
  const mark = findings[0] === undefined ? "good" : MARKS[findings[0].severity];
  const found = counts.length === 0 ? "nothing found" : counts.join(", ");
  return [
    segment(`${marks[mark]} ${name === "" ? "fleet" : name}: ${found}; ${passed.length} checks passed`, mark),
  ];
}
