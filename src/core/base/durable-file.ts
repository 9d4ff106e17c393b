// Files that survive a power cut: a whole file is replaced by writing a temporary one, syncing it, renaming it
// over the old one and syncing the directory, in that order (POSIX promises nothing less). What must stay true:
// after a crash the path holds the old bytes or the new ones, never a mixture. Deliberately absent: locking;
// two writers of one path at a time are the caller's mistake.

import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError, systemCodeOf } from "./system-error.ts";

/** What an interrupted `writeFileDurably` leaves behind ends in this; it may be removed at start. */
export const TEMPORARY_SUFFIX = ".tmp";

/**
 * A file's content: whole, or in parts between whose writes others get their turn. A part is written before the next is
 * asked for.
 */
type FileContent = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Replaces the file at `path`; it gets `mode`, less the umask. On failure the old file is untouched and the temporary one is gone. */
export async function writeFileDurably(path: string, content: FileContent, mode = 0o666): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  try {
    await writeAndSync(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes creations, renames and removals of names in this directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await namingFile(path, () => handle.sync());
  } finally {
    await handle.close();
  }
}

/** What fails on an open file says neither which it is, nor that it is a file: "EIO: i/o error, fsync". */
async function namingFile(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!isSystemError(cause) || "path" in cause) throw cause;
    throw Object.assign(new Error(`${cause.message} '${path}'`, { cause }), { code: cause.code, path });
  }
}

/** Creates the directory and what is missing above it; each new name is durable when the promise resolves. */
export async function createDirectoryDurably(path: string): Promise<void> {
  const topmostCreated = await createDirectory(path);
  if (topmostCreated === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await syncDirectory(dirname(created));
    if (created === topmostCreated || created === dirname(created)) return;
  }
}

/**
 * Creates the directory and what is missing above it; resolves to the topmost that was. One name at a time: where a file
 * system makes no folders, as in /proc, Node's recursive mkdir tries for ever, and of a read-only one it says ENOENT.
 */
export async function createDirectory(path: string, mode = 0o777): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = path; !(await isDirectory(at)); at = dirname(at)) {
    missing.unshift(at);
    if (at === dirname(at)) break;
  }
  let topmostCreated: string | undefined;
  for (const at of missing) if (await makeOne(at, mode)) topmostCreated ??= at;
  return topmostCreated;
}

/** Whether it was made here: somebody else may be quicker. */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === "EEXIST" && (await isDirectory(path))) return false;
    if (code !== "ENOENT" || !(await isDirectory(dirname(path)))) throw cause;
    const unsupported = new Error(`EOPNOTSUPP: no folder can be made on this file system, mkdir '${path}'`, {
      cause,
    });
    throw Object.assign(unsupported, { code: "EOPNOTSUPP", path });
  }
}

/** False where there is nothing, or something else. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function writeAndSync(path: string, content: FileContent, mode: number): Promise<void> {
  const handle = await open(path, "w", mode);
  try {
    await namingFile(path, () => handle.writeFile(content));
    await namingFile(path, () => handle.sync());
  } finally {
    await handle.close();
  }
}
