// Where a drill's report is kept: a JSON file that is never overwritten.

import { writeFile } from "node:fs/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";

/** Throws REPORT_NOT_WRITTEN, also when the file is there already. */
export async function writeReport(path: string, report: DrillReport): Promise<void> {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  await writeFile(path, text, { flag: "wx" }).catch((cause: unknown) => {
    throw new OperatorError("REPORT_NOT_WRITTEN", {
      what: `the report could not be written to ${path}`,
      why: cause instanceof Error ? cause.message : String(cause),
      next: "name another file with --report",
      exit: Exit.Failure,
      cause,
    });
  });
}
