// Whether a data folder is encrypted, must be, or may become so. This is decided before anything in the
// folder is changed (ADR-0031). What must stay true: a folder that says it is encrypted is never opened
// without its ring. A node with a key takes a plain folder over only when the operator says so: an attacker
// could have put it there.

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
  /**
   * The operator confirms that the plain files in the folder are from before encryption. They are replaced
   * step by step.
   */
  readonly existing: boolean;
}

/**
 * The ring of a folder that is opened with a key; null = it has none yet. Only reads. Throws an
 * OperatorError. meta.json decides whether the folder is encrypted. If a crash interrupted the first
 * encrypted start, a ring may lie beside a plain folder.
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

/** For readers of a stopped node's folder; null = it is not encrypted. Throws like `readKeyRing`. */
export async function ringToRead(
  directory: string,
  keys: OperatorKeys | null,
  files: FileSystem = diskFiles,
): Promise<OpenedRing | null> {
  const meta = await readMeta(directory, files);
  return meta !== null && saysEncrypted(meta) ? await requireRing(directory, keys, files) : null;
}

/** A ring that was moved here with another node's files is refused, even if meta.json names this node. */
export function checkRingOwner(directory: string, { ring }: OpenedRing, identity: StorageIdentity): void {
  if (ring.clusterId === identity.clusterId && ring.nodeId === identity.nodeId) return;
  const isCluster = ring.clusterId !== identity.clusterId;
  const what = isCluster
    ? `cluster ${ring.clusterId}, this is ${identity.clusterId}`
    : `node ${ring.nodeId}, this is ${identity.nodeId}`;
  throw storageIdentityMismatch(directory, `its key ring was made for ${what}`);
}

/** Gives the ring another identity, with the same keys. Does nothing in a folder without a ring. */
export async function giveRing(
  directory: string,
  { clusterId, nodeId }: StorageIdentity,
  keys: OperatorKeys | null,
): Promise<void> {
  const opened = await ringToRead(directory, keys);
  if (opened !== null)
    await writeKeyRing(directory, { ...opened.ring, clusterId, nodeId }, opened.operatorKey);
}

/** Gives the folder its first key, durable when the promise resolves. */
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
