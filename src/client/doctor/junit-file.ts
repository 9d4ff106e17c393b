// Writes the file of `fleet doctor --junit`: a new file, never over another one.

import { unlink, writeFile } from "node:fs/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";

/** Throws JUNIT_NOT_WRITTEN, also when the file exists. Leaves no part of a file behind. */
export async function writeJunitFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx", mode: 0o600 }).catch(async (cause: unknown) => {
    if (!isErrno(cause, "EEXIST")) await unlink(path).catch(() => {});
    throw new OperatorError("JUNIT_NOT_WRITTEN", {
      what: `the result cannot be written to ${path}`,
      why: cause instanceof Error ? cause.message : String(cause),
      next: "name another file with --junit; existing files are never overwritten",
      exit: Exit.Failure,
      cause,
    });
  });
}
