// Files that survive a power cut: a whole file is replaced by writing a temporary one, syncing it, renaming it
// over the old one and syncing the directory, in that order (POSIX promises nothing less). What must stay true:
// after a crash the path holds the old bytes or the new ones, never a mixture. Deliberately absent: locking;
// two writers of one path at a time are the caller's mistake.

import { dirname } from "node:path";
import { diskFiles } from "./disk-files.ts";
import type { FileContent, FileSystem } from "./file-system.ts";
import { systemCodeOf } from "./system-error.ts";

/** What an interrupted `writeFileDurably` leaves behind ends in this; it may be removed at start. */
export const TEMPORARY_SUFFIX = ".tmp";

// State, bindings, audit entries, plans: for the user whose process writes them, unless a caller says otherwise.
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o777;

/** Replaces the file at `path`; it gets `mode`, less the umask. On failure the old file is untouched and the temporary one is gone. */
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

/** Creates the directory and what is missing above it; each new name is durable when the promise resolves. */
export async function createDirectoryDurably(path: string, files: FileSystem = diskFiles): Promise<void> {
  const topmostCreated = await createDirectory(path, DIRECTORY_MODE, files);
  if (topmostCreated === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await files.syncDirectory(dirname(created));
    if (created === topmostCreated || created === dirname(created)) return;
  }
}

/**
 * Creates the directory and what is missing above it; resolves to the topmost that was. One name at a time: where a file
 * system makes no folders, as in /proc, Node's recursive mkdir tries for ever, and of a read-only one it says ENOENT.
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

/** Whether it was made here: somebody else may be quicker. */
async function makeOne(path: string, mode: number, files: FileSystem): Promise<boolean> {
  try {
    await files.makeDirectory(path, mode);
    return true;
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === "EEXIST" && (await isDirectory(path, files))) return false;
    if (code !== "ENOENT" || !(await isDirectory(dirname(path), files))) throw cause;
    const unsupported = new Error(`EOPNOTSUPP: no folder can be made on this file system, mkdir '${path}'`, {
      cause,
    });
    throw Object.assign(unsupported, { code: "EOPNOTSUPP", path });
  }
}

/** False where there is nothing, or something else. */
async function isDirectory(path: string, files: FileSystem): Promise<boolean> {
  try {
    return (await files.stat(path)).isDirectory;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
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
