// A file that has the whole content or does not exist: a full disk must leave no empty file behind.
import { rm, writeFile } from "node:fs/promises";
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
