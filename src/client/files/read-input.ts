// A file that an operator names, or standard input for "-".
import { readFile } from "node:fs/promises";
import { buffer as readAll } from "node:stream/consumers";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";

export const readInputBytes = (path: string): Promise<Buffer> =>
  path === "-" ? readAll(process.stdin) : readFile(path);

export const readInput = async (path: string): Promise<string> =>
  (await readInputBytes(path)).toString("utf8");

/** What is said when the file cannot be read; the system's own words say why. */
interface Unreadable {
  readonly code: string;
  readonly what: string;
  readonly next: string;
}

/** Throws an `OperatorError` with that code (exit 3). */
export async function readInputOrSay(path: string, { code, what, next }: Unreadable): Promise<Buffer> {
  return await readInputBytes(path).catch((cause: unknown) => {
    const why = messageOf(cause);
    throw new OperatorError(code, { what, why, next, exit: Exit.NotFound, cause });
  });
}
