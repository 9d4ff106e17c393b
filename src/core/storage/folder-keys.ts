// Whether a data folder is encrypted, must be, or may become so, decided before anything in it is changed (ADR-0031).
// What must stay true: a folder that says it is encrypted is never opened without its ring, and a plain folder that a
// node with a key finds is taken over only when the operator says so: another could have put it there.

import { systemClock } from "../base/clock.ts";
import { diskFiles } from "../base/disk-files.ts";
import type { FileSystem } from "../base/file-system.ts";
import { newKeyRing, type OpenedRing, type PlainRemains } from "../seal/key-ring.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import { notEncryptedYet } from "../seal/seal-errors.ts";
import { readMeta, type StorageIdentity, saysEncrypted } from "./data-directory.ts";
import { readKeyRing, requireRing, writeKeyRing } from "./key-ring-file.ts";
import { storageIdentityMismatch } from "./storage-errors.ts";

export interface EncryptionChoice {
  readonly keys: OperatorKeys;
  /** The operator's word: what is plain in the folder is from before, and is to be replaced by and by. */
  readonly existing: boolean;
}

/**
 * The ring of a folder that is opened with a key; null = it has none yet. Reads only. Throws an OperatorError. meta.json
 * says whether the folder is encrypted: a ring beside a plain one is left by a start that a crash ended.
 */
export async function ringOf(
  directory: string,
  { keys, existing }: EncryptionChoice,
  files: FileSystem,
): Promise<OpenedRing | null> {
  const meta = await readMeta(directory, files);
  if (meta !== null && saysEncrypted(meta)) return await requireRing(directory, keys, files);
  if (meta !== null && !existing) throw notEncryptedYet(directory);
  return meta === null ? await readKeyRing(directory, keys, files) : null;
}

/** For readers of a stopped node's folder; null = it is not encrypted. Throws as `readKeyRing` does. */
export async function ringToRead(
  directory: string,
  keys: OperatorKeys | null,
  files: FileSystem = diskFiles,
): Promise<OpenedRing | null> {
  const meta = await readMeta(directory, files);
  return meta !== null && saysEncrypted(meta) ? await requireRing(directory, keys, files) : null;
}

/** A ring that was moved here with another node's files is refused, whatever meta.json says. */
export function checkRingOwner(directory: string, { ring }: OpenedRing, identity: StorageIdentity): void {
  if (ring.clusterId === identity.clusterId && ring.nodeId === identity.nodeId) return;
  const isCluster = ring.clusterId !== identity.clusterId;
  const what = isCluster
    ? `cluster ${ring.clusterId}, this is ${identity.clusterId}`
    : `node ${ring.nodeId}, this is ${identity.nodeId}`;
  throw storageIdentityMismatch(directory, `its key ring was made for ${what}`);
}

/** Makes the ring another identity's, with the same keys; a folder without one has nothing to give. */
export async function giveRing(
  directory: string,
  { clusterId, nodeId }: StorageIdentity,
  keys: OperatorKeys | null,
): Promise<void> {
  const opened = await ringToRead(directory, keys);
  if (opened !== null)
    await writeKeyRing(directory, { ...opened.ring, clusterId, nodeId }, opened.operatorKey);
}

/** Gives the folder its first key. Durable when the promise resolves. */
export async function beginRing(
  directory: string,
  identity: StorageIdentity,
  plain: PlainRemains | null,
  { keys }: EncryptionChoice,
  files: FileSystem,
): Promise<OpenedRing> {
  const ring = newKeyRing(identity, plain, systemClock.wallMs());
  await writeKeyRing(directory, ring, keys.current, files);
  return { ring, operatorKey: keys.current };
}
