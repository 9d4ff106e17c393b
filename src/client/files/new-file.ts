// A file that has the whole content or does not exist: a full disk must leave no empty file behind.
import { rm, writeFile } from "node:fs/promises";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";

const OWNER_ONLY = 0o600;

/** Rejects with EEXIST when a file of that name exists: it is never overwritten. */
export async function writeNewFile(
  path: string,
  content: string | Uint8Array,
  mode = OWNER_ONLY,
): Promise<void> {
  try {
    await writeFile(path, content, { flag: "wx", mode, flush: true });
  } catch (error) {
    // An existing file belongs to another program; so does one that is not a regular file, such as /dev/full.
    if (!isErrno(error, "EEXIST")) await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** What is said when the file cannot be written; the system's own words say why. */
interface Unwritable {
  readonly code: string;
  readonly what: string;
  readonly next: string;
}

/** As `writeNewFile`; throws an `OperatorError` with that code (exit 1). */
export async function writeNewFileOrSay(
  path: string,
  content: string | Uint8Array,
  said: Unwritable,
): Promise<void> {
  await writeNewFile(path, content).catch((cause: unknown) => {
    throw unwritable(said, cause);
  });
}

export function unwritable({ code, what, next }: Unwritable, cause: unknown): OperatorError {
  return new OperatorError(code, { what, why: messageOf(cause), next, exit: Exit.Failure, cause });
}
