// The file that holds the operator's keys. What must stay true: reading it ends, whatever the path names,
// because the threads that read files also write the log. Replacing it keeps its mode, owner and group, and a
// symbolic link to it.

import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "../base/durable-file.ts";
import { messageOf } from "../base/errors.ts";
import { keyUnusable } from "./seal-errors.ts";

/** Limit of a key file, and of a key command's output. */
export const KEY_TEXT_BYTES_MAX = 64 * 1024;
// Kubernetes gives a secret's file to the group of the pod (fsGroup). So the group may read it, and other
// users may not.
const FORBIDDEN_MODE = 0o027;
const NEW_FILE_MODE = 0o600;
// Opening a FIFO without O_NONBLOCK waits for a writer and blocks one of the disk's threads.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export const keyFileOrigin = (path: string): string => `file ${path}`;

/** Throws ENCRYPTION_KEY_UNUSABLE. */
export async function readKeyText(path: string): Promise<string> {
  const origin = keyFileOrigin(path);
  const unusable = (cause: unknown) => keyUnusable(origin, messageOf(cause), cause);
  const file = await open(path, OPEN_FLAGS).catch((cause: unknown) => {
    throw unusable(cause);
  });
  try {
    const why = refusalOf(await file.stat());
    if (why !== null) throw keyUnusable(origin, why);
    const bytes = await readStart(file, KEY_TEXT_BYTES_MAX + 1).catch((cause: unknown) => {
      throw unusable(cause);
    });
    if (bytes.length > KEY_TEXT_BYTES_MAX) throw keyUnusable(origin, TOO_LARGE);
    return bytes.toString("utf8");
  } finally {
    await file.close();
  }
}

/** Replaces the keys in an existing file. Throws the operating system's error, with nothing changed. */
export async function replaceKeyText(path: string, text: string): Promise<void> {
  const target = await realpath(path);
  const temporary = `${target}.${randomUUID()}.tmp`;
  const old = await open(target, OPEN_FLAGS);
  try {
    const { mode, uid, gid } = await old.stat();
    const file = await open(temporary, "wx", NEW_FILE_MODE);
    try {
      await file.writeFile(text);
      const made = await file.stat();
      if (made.uid !== uid || made.gid !== gid) await file.chown(uid, gid);
      await file.chmod(mode & 0o777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await old.close();
  }
  await syncDirectory(dirname(target));
}

const TOO_LARGE = `it is larger than ${KEY_TEXT_BYTES_MAX / 1024} KB`;

function refusalOf(about: Stats): string | null {
  if (about.isDirectory()) return "it is a folder";
  if (!about.isFile()) return "it is a pipe or a device; a program that prints the key is a key command";
  if (about.size > KEY_TEXT_BYTES_MAX) return TOO_LARGE;
  if ((about.mode & FORBIDDEN_MODE) === 0) return null;
  const mode = (about.mode & 0o777).toString(8).padStart(4, "0");
  return `others may read it, or its group may write it (mode ${mode}): chmod 600`;
}

/** Reads at most `bytesMax` bytes: the size that a file reports may be wrong, as in /proc. */
async function readStart(file: FileHandle, bytesMax: number): Promise<Buffer> {
  const into = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const { bytesRead } = await file.read(into, length, bytesMax - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return into.subarray(0, length);
}
