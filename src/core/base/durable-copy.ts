// A copy of a folder that survives a power cut. What must stay true: under its final name the copy is whole
// and synced, or absent. Existing files there are never overwritten.

import { lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert } from "./assert.ts";
import { syncDirectory, TEMPORARY_SUFFIX } from "./durable-file.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Copies files and folders in `from`, except those that `isLeft` names. `to` must not exist. */
export async function copyFolderDurably(
  from: string,
  to: string,
  isLeft: (name: string) => boolean,
): Promise<void> {
  const draft = to + TEMPORARY_SUFFIX;
  await rm(draft, { recursive: true, force: true });
  await copyInto(from, draft, isLeft);
  assert(!(await exists(to)), "a copy takes the place of nothing");
  await rename(draft, to);
  await syncDirectory(dirname(to));
}

async function copyInto(from: string, to: string, isLeft: (name: string) => boolean): Promise<void> {
  await mkdir(to, { mode: FOLDER_MODE });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (isLeft(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyInto(source, target, isLeft);
    else await writeNew(target, await readFile(source));
  }
  await syncDirectory(to);
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Also a link that leads nowhere. */
export const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
