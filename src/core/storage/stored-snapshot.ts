// A snapshot that is too large for memory. It is checked against its checksum once, part by part, and read
// from its file whenever it is restored or sent. A small one is read whole. What must stay true: every
// snapshot that is handed out had the right SHA-256 when it was opened.

import { createHash } from "node:crypto";
import type { FileSystem, ReadableFile } from "../base/file-system.ts";
import type { Snapshot, StoredData } from "../raft/message.ts";
import { decodeSnapshot, SHA256_BYTES, type SnapshotName, snapshotHeadOf } from "./snapshot-file.ts";

/** Size of one part. Smaller snapshots are read whole. */
export const PART_BYTES = 256 * 1024;

/**
 * The snapshot in the file, with its data in memory if the file has at most `partBytes`. Or why it is not the
 * snapshot of that name.
 */
export async function openSnapshot(
  path: string,
  name: SnapshotName,
  files: FileSystem,
  partBytes: number,
): Promise<Snapshot | string> {
  const file = await files.openToRead(path);
  try {
    if (file.bytes > partBytes) return await openLarge({ path, files, partBytes }, file, name);
  } finally {
    await file.close();
  }
  return decodeSnapshot(await files.read(path), name);
}

async function openLarge(
  place: Pick<Place, "path" | "files" | "partBytes">,
  file: ReadableFile,
  name: SnapshotName,
): Promise<Snapshot | string> {
  const end = file.bytes - SHA256_BYTES;
  const { partBytes } = place;
  const sha256 = await sha256Of(file, 0, end, partBytes);
  if (Buffer.compare(sha256, await file.read(end, SHA256_BYTES)) !== 0)
    return "its SHA-256 does not fit its content";
  const found = snapshotHeadOf(await file.read(0, PART_BYTES), end, name);
  if (typeof found === "string") return found;
  const { head, dataStart: start } = found;
  return { ...head, data: dataIn({ ...place, start, end }, await sha256Of(file, start, end, partBytes)) };
}

async function sha256Of(
  file: ReadableFile,
  from: number,
  to: number,
  partBytes: number,
): Promise<Uint8Array> {
  const hash = createHash("sha256");
  // One for all parts: a start may read hundreds of megabytes here. Encrypted files bring their own.
  const scratch = new Uint8Array(partBytes);
  for await (const part of partsOf(
    { read: (at, length) => file.read(at, length, scratch) },
    from,
    to,
    partBytes,
  ))
    hash.update(part);
  return hash.digest();
}

export interface Place {
  readonly files: FileSystem;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Number of bytes that are read at once. */
  readonly partBytes: number;
}

function dataIn(place: Place, sha256: Uint8Array): StoredData {
  return { bytes: place.end - place.start, sha256, read: (from) => readFrom(place, from) };
}

export async function* readFrom(
  { files, path, start, end, partBytes }: Place,
  from: number,
): AsyncGenerator<Uint8Array> {
  const file = await files.openToRead(path);
  try {
    yield* partsOf(file, start + from, end, partBytes);
  } finally {
    await file.close();
  }
}

async function* partsOf(
  file: Pick<ReadableFile, "read">,
  from: number,
  to: number,
  partBytes: number,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const part = await file.read(at, Math.min(partBytes, to - at));
    if (part.length === 0) throw new Error(`the file ends at byte ${at} of ${to}`);
    yield part;
    at += part.length;
  }
}
