// Segment files: `<16-digit sequence>.wal`, preallocated with zeros. Syncing appended frames then needs no
// change of the file's metadata (half the time, see the design's measurements), and unwritten space reads as
// zeros. What must stay true: a segment has its full size and its durable name before a frame is written to
// it. The zeros are written and synced under a temporary name, then the file is renamed and the directory is
// synced. No crash leaves a short file under a segment's name. A shorter file is therefore damaged, even if
// all of its remaining frames are valid.

import { join } from "node:path";
import { writeFileDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";

/** The size of each segment of a folder before a frame is written to it. */
export interface SegmentSize {
  readonly bytes: number;
  /**
   * Written by a version that let a frame larger than a segment grow its file: a crash may have cut that
   * frame off.
   */
  readonly mayHaveGrown: boolean;
}

const ZEROS_BYTES = 256 * 1024;

const SEGMENT_NAME = /^(\d{16})\.wal$/;

export function segmentPath(directory: string, sequence: number): string {
  return join(directory, `${String(sequence).padStart(16, "0")}.wal`);
}

/** Why a segment file of that size is damaged; null = it is not. */
export function shortnessOf(fileBytes: number, { bytes }: SegmentSize): string | null {
  if (fileBytes >= bytes) return null;
  return (
    `it has ${fileBytes} bytes, but a segment gets all of its ${bytes} before the first frame is written. ` +
    "Its end is missing. Acknowledged entries may be lost"
  );
}

/** The sequences of the segments in the directory, ascending. */
export async function listSegments(directory: string, files: FileSystem): Promise<number[]> {
  const names = await files.list(directory);
  const sequences = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number);
  return sequences.sort((a, b) => a - b);
}

export async function createSegment(
  directory: string,
  sequence: number,
  bytes: number,
  files: FileSystem,
): Promise<void> {
  await writeFileDurably(segmentPath(directory, sequence), zeros(bytes), undefined, files);
}

// Zeros in small pieces: megabytes at once would make the garbage collector pause the process.
function* zeros(bytes: number): Generator<Uint8Array, void, undefined> {
  const part = new Uint8Array(ZEROS_BYTES);
  for (let left = bytes; left > 0; left -= ZEROS_BYTES) yield part.subarray(0, left);
}
