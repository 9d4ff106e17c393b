// Whether something could be made in a folder, asked without making anything.

import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { isErrno } from "../../core/base/system-error.ts";

/** Throws what the system says unless this user may write to `folder` or, while it is missing, to the nearest above it. */
export async function requireWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isErrno(error, "ENOENT") || dirname(folder) === folder) throw error;
    await requireWritable(dirname(folder));
  }
}
