// Files that survive a power cut: a whole file is replaced by writing a temporary one, syncing it, renaming it
// over the old one and syncing the directory, in that order (POSIX promises nothing less). What must stay true:
// after a crash the path holds the old bytes or the new ones, never a mixture. Deliberately absent: locking;
// two writers of one path at a time are the caller's mistake.

import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

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
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates the directory and what is missing above it; each new name is durable when the promise resolves. */
export async function createDirectoryDurably(path: string): Promise<void> {
  const topmostCreated = await mkdir(path, { recursive: true }).catch((error) => failTruly(path, error));
  if (topmostCreated === undefined) return;
  for (let created = path; ; created = dirname(created)) {
    await syncDirectory(dirname(created));
    if (created === topmostCreated || created === dirname(created)) return;
  }
}

/** Of a read-only filesystem Node's recursive mkdir says ENOENT, of one folder at a time EROFS: the topmost is tried. */
async function failTruly(path: string, error: Error & { readonly code?: string }): Promise<never> {
  if (error.code === "ENOENT" && dirname(path) !== path) {
    const isThere = await stat(dirname(path)).then(
      () => true,
      () => false,
    );
    await (isThere ? mkdir(path) : failTruly(dirname(path), error));
  }
  throw error;
}

async function writeAndSync(path: string, content: FileContent, mode: number): Promise<void> {
  const handle = await open(path, "w", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
