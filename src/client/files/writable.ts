// Checks whether files could be made in a folder, without making any.

import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "../../core/base/system-error.ts";

/**
 * Throws the system's error unless this user may write to `folder` or, if it is missing, to its nearest
 * existing parent.
 */
export async function requireWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isErrno(error, "ENOENT") || dirname(folder) === folder) throw error;
    await requireWritable(dirname(folder));
  }
}
