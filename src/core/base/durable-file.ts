// Files that survive a power cut. A whole file is replaced in four steps: write a temporary one, sync it, rename it
// over the old one, sync the directory. POSIX promises nothing with fewer. What must stay true: after a crash the path
// holds the old bytes or the new ones, never a mixture. Deliberately absent: locking. Two writers of one path at a time
// are the caller's mistake.

import { dirname } from "node:path";
import { diskFiles } from "./disk-files.ts";
import type { FileContent, FileSystem } from "./file-system.ts";
import { isErrno } from "./system-error.ts";

/** The suffix of files that an interrupted `writeFileDurably` leaves; they may be removed at start. */
export const TEMPORARY_SUFFIX = ".tmp";

// For state, bindings, audit entries and plans: only the process's own user can read them, unless a caller
// passes another mode.
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o777;

/**
 * Replaces the file at `path` and gives it `mode`, less the umask. On failure the old file is untouched and
 * the temporary one is removed.
 */
export async function writeFileDurably(
  path: string,
  content: FileContent,
  mode = FILE_MODE,
  files: FileSystem = diskFiles,
): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  try {
    await writeAndSync(temporary, content, mode, files);
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
  await files.syncDirectory(dirname(path));
}

/** Makes creations, renames and removals of names in this directory durable. */
export function syncDirectory(path: string): Promise<void> {
  return diskFiles.syncDirectory(path);
}

/** Creates the directory and its missing parents; each new name is durable when the promise resolves. */
export async function createDirectoryDurably(path: string, files: FileSystem = diskFiles): Promise<void> {
  const topmostCreated = await createDirectory(path, DIRECTORY_MODE, files);
  if (topmostCreated === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await files.syncDirectory(dirname(created));
    if (created === topmostCreated || created === dirname(created)) return;
  }
}

/**
 * Creates the directory and its missing parents; resolves to the topmost one that it created. It makes one folder at a
 * time. Where a file system can't make folders, as in /proc, Node's recursive mkdir retries for ever. For a read-only
 * one it reports ENOENT.
 */
export async function createDirectory(
  path: string,
  mode = DIRECTORY_MODE,
  files: FileSystem = diskFiles,
): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = path; !(await isDirectory(at, files)); at = dirname(at)) {
    missing.unshift(at);
    if (at === dirname(at)) break;
  }
  let topmostCreated: string | undefined;
  for (const at of missing) if (await makeOne(at, mode, files)) topmostCreated ??= at;
  return topmostCreated;
}

/** Whether this call made it: another process may be faster. */
async function makeOne(path: string, mode: number, files: FileSystem): Promise<boolean> {
  try {
    await files.makeDirectory(path, mode);
    return true;
  } catch (cause) {
    if (isErrno(cause, "EEXIST") && (await isDirectory(path, files))) return false;
    if (!isErrno(cause, "ENOENT") || !(await isDirectory(dirname(path), files))) throw cause;
    const unsupported = new Error(`EOPNOTSUPP: no folder can be made on this file system, mkdir '${path}'`, {
      cause,
    });
    throw Object.assign(unsupported, { code: "EOPNOTSUPP", path });
  }
}

/** False if nothing or something else has that path. */
async function isDirectory(path: string, files: FileSystem): Promise<boolean> {
  try {
    return (await files.stat(path)).isDirectory;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

async function writeAndSync(
  path: string,
  content: FileContent,
  mode: number,
  files: FileSystem,
): Promise<void> {
  const file = await files.create(path, mode);
  try {
    await file.fill(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
