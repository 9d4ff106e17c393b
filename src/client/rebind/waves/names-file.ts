// A file of clusters' names, one a line. Empty lines and what follows a # are left out.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import { isName } from "../../../core/base/ids.ts";
import { quoted } from "../../../core/base/printable.ts";
import { readInputOrSay } from "../../files/read-input.ts";

/** Throws FILE_UNREADABLE, or USAGE for a line that is no name. `-` is standard input. */
export async function namesFrom(path: string): Promise<readonly string[]> {
  const text = String(
    await readInputOrSay(path, {
      code: "FILE_UNREADABLE",
      what: `the file ${path} cannot be read`,
      next: "give a file with the name of a cluster on each line, or - for standard input",
    }),
  );
  const lines = text.split("\n").map((line) => line.replace(/#.*$/, "").trim());
  const at = lines.findIndex((line) => line !== "" && !isName(line));
  if (at >= 0) {
    throw new OperatorError("USAGE", {
      what: `line ${at + 1} of ${path} is not a cluster's name: ${quoted((lines[at] ?? "").slice(0, 60))}`,
      next: "give one name a line",
      exit: Exit.Usage,
    });
  }
  return [...new Set(lines.filter((line) => line !== ""))];
}
