// Writes the file of `fleet doctor --junit`: a new file, never over another one.

import { writeNewFileOrSay } from "../files/new-file.ts";

/** Throws JUNIT_NOT_WRITTEN, also when the file exists. Leaves no part of a file behind. */
export function writeJunitFile(path: string, text: string): Promise<void> {
  return writeNewFileOrSay(path, text, {
    code: "JUNIT_NOT_WRITTEN",
    what: `the result cannot be written to ${path}`,
    next: "name another file with --junit; existing files are never overwritten",
  });
}
