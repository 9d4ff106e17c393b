// A data folder's key ring on the disk: `keys.json`, replaced as a whole. Reading it changes nothing.

import { join } from "node:path";
import { diskFiles } from "../base/disk-files.ts";
import { writeFileDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { ifNoPath } from "../base/system-error.ts";
import {
  decodeKeyRing,
  encodeKeyRing,
  type KeyRing,
  type OpenedRing,
  parseKeyRingFile,
} from "../seal/key-ring.ts";
import type { OperatorKey, OperatorKeys } from "../seal/operator-keys.ts";
import { keyNeeded } from "../seal/seal-errors.ts";
import { StorageCorrupt } from "./storage-errors.ts";

export const KEY_RING_NAME = "keys.json";
const RING_MISSING = "the folder is encrypted, and its key ring is missing";
const FILE_MODE = 0o600;

/**
 * Null: the folder has no ring and is not encrypted. Throws ENCRYPTION_KEY_NEEDED, ENCRYPTION_KEY_WRONG, or
 * StorageCorrupt when the file is damaged.
 */
export async function readKeyRing(
  directory: string,
  keys: OperatorKeys | null,
  files: FileSystem = diskFiles,
): Promise<OpenedRing | null> {
  const path = join(directory, KEY_RING_NAME);
  const bytes = await files.read(path).catch(ifNoPath(null));
  if (bytes === null) return null;
  const file = parseKeyRingFile(bytes);
  if (typeof file === "string") throw new StorageCorrupt(path, 0, file);
  if (keys === null) throw keyNeeded(directory, file.operatorKey);
  const opened = decodeKeyRing(bytes, keys, directory);
  if (typeof opened === "string") throw new StorageCorrupt(path, 0, opened);
  return opened;
}

/** Like `readKeyRing`, for a folder that says it is encrypted. */
export async function requireRing(
  directory: string,
  keys: OperatorKeys | null,
  files: FileSystem = diskFiles,
): Promise<OpenedRing> {
  const opened = await readKeyRing(directory, keys, files);
  if (opened !== null) return opened;
  throw new StorageCorrupt(join(directory, KEY_RING_NAME), 0, RING_MISSING);
}

/** The new ring is durable when the promise resolves; if it rejects, the old one stays. */
export async function writeKeyRing(
  directory: string,
  ring: KeyRing,
  operatorKey: OperatorKey,
  files: FileSystem = diskFiles,
): Promise<void> {
  await writeFileDurably(join(directory, KEY_RING_NAME), encodeKeyRing(ring, operatorKey), FILE_MODE, files);
}
