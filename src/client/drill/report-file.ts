// Where a drill's report is kept: a JSON file that is never overwritten.

import { access, constants, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";

const SCHEMA_VERSION = 1;

/** To be asked before a drill: its result is not to be lost for want of a file. Throws REPORT_NOT_WRITTEN. */
export async function assertReportWritable(path: string): Promise<void> {
  await access(dirname(resolve(path)), constants.W_OK).catch((cause: unknown) => {
    throw notWritten(path, cause);
  });
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw notWritten(path, new Error("a file of that name is there, and reports are never overwritten"));
}

/** Throws REPORT_NOT_WRITTEN, also when the file is there already. */
export async function writeReport(path: string, report: DrillReport): Promise<void> {
  const text = `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...report }, null, 2)}\n`;
  await writeFile(path, text, { flag: "wx" }).catch((cause: unknown) => {
    throw notWritten(path, cause);
  });
}

function notWritten(path: string, cause: unknown): OperatorError {
  return new OperatorError("REPORT_NOT_WRITTEN", {
    what: `the report cannot be written to ${path}`,
    why: cause instanceof Error ? cause.message : String(cause),
    next: "name another file with --report",
    exit: Exit.Failure,
    cause,
  });
}
