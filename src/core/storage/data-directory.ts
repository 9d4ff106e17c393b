// The layout of a node's data folder and the proof that it belongs to this node: `lock`, `meta.json`, `wal/`,
// `snap/`. What must stay true: meta.json is written last. A folder with it is complete, and a folder without
// it has never held a frame. A node that lost its log must not vote again under its old id (etcd#10817).
// Recovery therefore refuses a folder with meta.json but without a log.

import { join } from "node:path";
import { diskFiles } from "../base/disk-files.ts";
import { createDirectoryDurably, TEMPORARY_SUFFIX, writeFileDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { type NodeId, nodeId } from "../base/ids.ts";
import { ifAbsent } from "../base/system-error.ts";
import { crc32c } from "./crc32c.ts";
import { findFrame } from "./frame.ts";
import { KEY_RING_NAME, requireRing } from "./key-ring-file.ts";
import { LOCK_NAME } from "./lock-file.ts";
import type { OnReport } from "./report.ts";
import { createSegment, listSegments, type SegmentSize, segmentPath } from "./segment.ts";
import { StorageCorrupt, storageForeign, storageIdentityMismatch } from "./storage-errors.ts";

export interface StorageIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
}

interface DataPaths {
  readonly wal: string;
  readonly snapshots: string;
}

interface DataDirectory extends DataPaths {
  readonly segment: SegmentSize;
  /** Whether meta.json says that the folder is encrypted. */
  readonly saysEncrypted: boolean;
}

/** The fields of meta.json that are known. */
export type Meta = Readonly<Record<string, unknown>>;

export const META_NAME = "meta.json";
const EXPECTED_NAMES: ReadonlySet<string> = new Set([LOCK_NAME, KEY_RING_NAME, "wal", "snap"]);
const FORMAT = 1;
/** Format of an encrypted folder: builds that do not know encryption refuse it because of this number. */
const ENCRYPTED_FORMAT = 2;
/** The segment size of new folders, and of all folders that were made before meta.json recorded a size. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;
/**
 * With more segments than this, groups that write little are asked to compact their entries in the older ones
 * (ADR-0008).
 */
export const SEGMENTS_KEPT = 4;

export function dataPaths(directory: string): DataPaths {
  return { wal: join(directory, "wal"), snapshots: join(directory, "snap") };
}

/**
 * Checks the folder, or makes a new one; the caller holds its lock. `encrypt` gives a new folder its keys
 * before any sealed data is written. Throws an OperatorError if the folder is not this node's.
 */
export async function prepareDataDirectory(
  directory: string,
  identity: StorageIdentity,
  segmentBytes: number,
  files: FileSystem,
  onReport: OnReport,
  encrypt: (() => Promise<void>) | null = null,
): Promise<DataDirectory> {
  const paths = dataPaths(directory);
  const meta = await readMeta(directory, files);
  if (meta === null) {
    await create(directory, paths, identity, segmentBytes, files, encrypt);
  } else {
    checkIdentity(directory, meta, identity);
    // The error says which key is needed, or that the ring is missing.
    if (encrypt === null && saysEncrypted(meta)) await requireRing(directory, null, files);
  }
  const segment = meta === null ? { bytes: segmentBytes, mayHaveGrown: false } : sizeIn(meta, segmentBytes);
  for (const path of [directory, paths.wal, paths.snapshots]) {
    await removeLeftovers(path, files, onReport);
    // A name that exists may still be lost, if the process that made it was killed before this sync.
    await files.syncDirectory(path);
  }
  return { ...paths, segment, saysEncrypted: meta === null ? encrypt !== null : saysEncrypted(meta) };
}

async function create(
  directory: string,
  paths: DataPaths,
  identity: StorageIdentity,
  segmentBytes: number,
  files: FileSystem,
  encrypt: (() => Promise<void>) | null,
): Promise<void> {
  const isExpected = (name: string) => EXPECTED_NAMES.has(name) || name.endsWith(TEMPORARY_SUFFIX);
  const foreign = (await files.list(directory)).find((name) => !isExpected(name));
  if (foreign !== undefined) throw storageForeign(directory, `it has no ${META_NAME}, but holds ${foreign}`);
  for (const path of [paths.wal, paths.snapshots]) await createDirectoryDurably(path, files);
  if (await holdsFrame(paths.wal, files)) {
    throw storageForeign(directory, `it has no ${META_NAME}, but holds a log`);
  }
  if (encrypt !== null) await encrypt();
  await createSegment(paths.wal, 1, segmentBytes, files);
  await writeMeta(directory, identity, segmentBytes, files, encrypt !== null);
}

/** Gives the folder this identity in place of its old one. */
export async function writeIdentity(directory: string, identity: StorageIdentity): Promise<void> {
  const meta = (await readMeta(directory)) ?? {};
  await writeMeta(directory, identity, sizeIn(meta).bytes, diskFiles, saysEncrypted(meta));
}

/**
 * Records the size of the folder's segments. From now on a shorter segment or a frame beyond its file's end
 * is damage.
 */
export async function recordSegmentSize(directory: string, bytes: number, files: FileSystem): Promise<void> {
  const isEncrypted = saysEncrypted((await readMeta(directory, files)) ?? {});
  await writeMeta(directory, await readIdentity(directory, files), bytes, files, isEncrypted);
}

/**
 * From now on builds that do not know encryption refuse the folder, and this build refuses it without its key
 * ring.
 */
export async function recordEncrypted(
  directory: string,
  segmentBytes: number,
  files: FileSystem,
): Promise<void> {
  await writeMeta(directory, await readIdentity(directory, files), segmentBytes, files, true);
}

export const saysEncrypted = ({ format }: Meta): boolean => format === ENCRYPTED_FORMAT;

/** The minimum size of the folder's segments, if meta.json records it. */
export async function readSegmentSize(directory: string): Promise<SegmentSize> {
  return sizeIn((await readMeta(directory)) ?? {});
}

export function sizeIn({ segmentBytes }: Meta, otherwise = SEGMENT_BYTES): SegmentSize {
  if (typeof segmentBytes === "number") return { bytes: segmentBytes, mayHaveGrown: false };
  return { bytes: otherwise, mayHaveGrown: true };
}

async function writeMeta(
  directory: string,
  identity: StorageIdentity,
  segmentBytes: number,
  files: FileSystem,
  isEncrypted: boolean,
): Promise<void> {
  const content = encodeMeta(identity, segmentBytes, isEncrypted ? ENCRYPTED_FORMAT : FORMAT);
  await writeFileDurably(join(directory, META_NAME), content, undefined, files);
}

/** Whether a frame was ever written to the log in this folder. */
export async function holdsFrame(wal: string, files: FileSystem = diskFiles): Promise<boolean> {
  for (const sequence of await listSegments(wal, files)) {
    if (findFrame(await files.read(segmentPath(wal, sequence))) !== null) return true;
  }
  return false;
}

function encodeMeta(
  { clusterId, nodeId }: StorageIdentity,
  segmentBytes: number,
  format: number,
): Uint8Array {
  const meta = { format, clusterId, nodeId, segmentBytes };
  const checksums = { checksum: checksumOf(meta), wholeChecksum: wholeChecksumOf(meta) };
  return new TextEncoder().encode(`${JSON.stringify({ ...meta, ...checksums })}\n`);
}

// Distinguishes a damaged identity from another node's. Earlier versions compare this checksum too, so it
// covers only the fields that they know.
function checksumOf({ format, clusterId, nodeId }: Meta): number {
  return crc32c(new TextEncoder().encode(JSON.stringify([format, clusterId, nodeId])));
}

function wholeChecksumOf({ format, clusterId, nodeId, segmentBytes }: Meta): number {
  return crc32c(new TextEncoder().encode(JSON.stringify([format, clusterId, nodeId, segmentBytes])));
}

/** Null without the file; throws StorageCorrupt when it is damaged. */
export async function readMeta(directory: string, files: FileSystem = diskFiles): Promise<Meta | null> {
  const file = join(directory, META_NAME);
  const bytes = await files.read(file).catch(ifAbsent(null));
  if (bytes === null) return null;
  const meta = parseMeta(new TextDecoder().decode(bytes));
  // The file is replaced as a whole or not at all, so no crash explains this.
  if (meta === null) throw new StorageCorrupt(file, 0, "it is not JSON");
  // Absent in a folder that an earlier version made; the identity is compared in either case.
  const { checksum = checksumOf(meta), segmentBytes, wholeChecksum } = meta;
  const isSizeDamaged =
    segmentBytes === undefined ? wholeChecksum !== undefined : wholeChecksum !== wholeChecksumOf(meta);
  if (checksum !== checksumOf(meta) || isSizeDamaged) {
    throw new StorageCorrupt(file, 0, "its checksum does not fit its content");
  }
  return meta;
}

function parseMeta(text: string): Meta | null {
  try {
    return { ...JSON.parse(text) };
  } catch {
    return null;
  }
}

/** The identity in the folder. Throws StorageCorrupt when it can't be read. */
export async function readIdentity(
  directory: string,
  files: FileSystem = diskFiles,
): Promise<StorageIdentity> {
  const { clusterId, nodeId: id } = (await readMeta(directory, files)) ?? {};
  if (typeof clusterId === "string" && typeof id === "number") return { clusterId, nodeId: nodeId(id) };
  throw new StorageCorrupt(join(directory, META_NAME), 0, "it does not say whose folder this is");
}

function checkIdentity(directory: string, meta: Meta, identity: StorageIdentity): void {
  const { format, clusterId, nodeId: id } = meta;
  if (format !== FORMAT && format !== ENCRYPTED_FORMAT) {
    const known = `this version of fleet reads up to ${ENCRYPTED_FORMAT}`;
    throw storageForeign(directory, `its format is ${String(format)}, ${known}`);
  }
  if (clusterId !== identity.clusterId) {
    const why = `it was made for cluster ${String(clusterId)}, this is ${identity.clusterId}`;
    throw storageIdentityMismatch(directory, why);
  }
  if (id !== identity.nodeId) {
    throw storageIdentityMismatch(
      directory,
      `it was made for node ${String(id)}, this is ${identity.nodeId}`,
    );
  }
}

// A crash between the creation and the renaming of a temporary file leaves that file; nothing refers to it.
async function removeLeftovers(directory: string, files: FileSystem, onReport: OnReport): Promise<void> {
  for (const name of await files.list(directory)) {
    if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
    const file = join(directory, name);
    await files.remove(file);
    onReport({ kind: "leftover-removed", file });
  }
}
