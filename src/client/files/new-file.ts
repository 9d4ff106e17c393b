// A file that holds the whole text or is not there: a disk that is full must leave no empty file behind.
import { rm, writeFile } from "node:fs/promises";
import { isErrno } from "../../core/base/system-error.ts";

const OWNER_ONLY = 0o600;

/** Rejects with EEXIST when a file of that name is there: it is never overwritten. */
export async function writeNewFile(path: string, text: string, mode = OWNER_ONLY): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", mode, flush: true });
  } catch (error) {
    // One that was there is another's; so is what is no file, such as /dev/full.
    if (!isErrno(error, "EEXIST")) await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}
