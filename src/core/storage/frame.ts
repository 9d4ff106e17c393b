// A frame is one group-commit batch: the unit of writing, of checking and of atomicity.
//   magic u32 | payload length u32 | sequence u64 | CRC32C of the body u32 | CRC32C of the header so far u32 | body
// The body is the payload padded with 0xff, at least one byte, to a multiple of 8: its last byte is never
// zero. In an encrypted folder the magic is another one, and the payload is sealed (frame-seal.ts). The
// checksums cover the bytes on the disk, so a torn frame differs from a damaged one even without a key. What
// must stay true: a frame is written only after its predecessor is synced. A valid later frame therefore
// proves that an invalid earlier one is corruption, not a torn tail. Deliberately absent: I/O.

import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "./byte-cursor.ts";
import { crc32c } from "./crc32c.ts";
import { type FrameContent, type PayloadSeal, SEAL_BYTES, SEAL_HEAD_BYTES } from "./frame-seal.ts";
import { readRecord, recordBytes, type WalRecord, writeRecord } from "./record.ts";

const MAGIC = 0x4c574c46;
const SEALED_MAGIC = 0x45574c46;
const HEADER_CHECKED_BYTES = 4 + 4 + 8 + 4;
const HEADER_BYTES = HEADER_CHECKED_BYTES + 4;
const ALIGNMENT = 8;
const FRAME_BYTES_MIN = HEADER_BYTES + ALIGNMENT;
const PADDING = 0xff;
/** A disk writes a sector whole or not at all. */
const SECTOR_BYTES = 512;
const ZEROS = new Uint8Array(4_096);

type FrameRead =
  | ({ readonly kind: "frame"; readonly sequence: number; readonly end: number } & FrameContent)
  /** Only zeros from here on: never written. */
  | { readonly kind: "end" }
  /**
   * `isTorn`: one of its sectors is missing, as after a power cut during the write. `isCutShort`: the file
   * ends inside it, although a segment has its full size before a frame is written to it.
   */
  | {
      readonly kind: "invalid";
      readonly isTorn: boolean;
      readonly isCutShort: boolean;
      readonly claim: string;
    };

/** The size on disk of a frame whose records have this many bytes in total. */
export function frameBytes(payloadBytes: number, isSealed = false): number {
  return HEADER_BYTES + bodyBytes(payloadBytes + (isSealed ? SEAL_BYTES : 0));
}

export function payloadBytes(records: readonly WalRecord[]): number {
  return records.reduce((sum, record) => sum + recordBytes(record), 0);
}

export function encodeFrame(
  sequence: number,
  records: readonly WalRecord[],
  seal: PayloadSeal | null = null,
): Uint8Array {
  const plainBytes = payloadBytes(records);
  const length = plainBytes + (seal === null ? 0 : SEAL_BYTES);
  const start = HEADER_BYTES + (seal === null ? 0 : SEAL_HEAD_BYTES);
  const frame = new Uint8Array(frameBytes(plainBytes, seal !== null));
  const body = new ByteWriter(frame, start);
  for (const record of records) writeRecord(body, record);
  assert(body.position === start + plainBytes, "records have the size that they announced");
  const end = HEADER_BYTES + length;
  seal?.seal(frame.subarray(HEADER_BYTES, end));
  frame.fill(PADDING, end);
  const header = new ByteWriter(frame);
  header.uint32(seal === null ? MAGIC : SEALED_MAGIC);
  header.uint32(length);
  header.uint64(sequence);
  header.uint32(crc32c(frame.subarray(HEADER_BYTES)));
  header.uint32(crc32c(frame.subarray(0, HEADER_CHECKED_BYTES)));
  return frame;
}

/** The records of a valid frame's payload, in order. */
export function decodePayload(payload: Uint8Array): readonly WalRecord[] {
  const reader = new ByteReader(payload);
  const records: WalRecord[] = [];
  while (reader.remaining > 0) records.push(readRecord(reader));
  return records;
}

/** The frame, end or damage in a segment at `offset`. */
export function readFrame(segment: Uint8Array, offset: number): FrameRead {
  const header = readHeader(segment, offset);
  if (header === null) {
    if (isZero(segment, offset, segment.length)) return { kind: "end" };
    const isCutShort = offset + HEADER_BYTES > segment.length;
    const isTorn = isCutShort || hasLostHeader(segment, offset);
    return { kind: "invalid", isTorn, isCutShort, claim: "its header's checksum is wrong" };
  }
  const start = offset + HEADER_BYTES;
  const end = start + bodyBytes(header.length);
  if (end > segment.length) {
    return { kind: "invalid", isTorn: true, isCutShort: true, claim: "the file ends inside it" };
  }
  if (crc32c(segment.subarray(start, end)) !== header.bodyCrc) {
    const isTorn = hasLostSector(segment, offset, end);
    return { kind: "invalid", isTorn, isCutShort: false, claim: "its checksum is wrong" };
  }
  return {
    kind: "frame",
    sequence: header.sequence,
    isSealed: header.isSealed,
    payload: segment.subarray(start, start + header.length),
    end,
  };
}

/** The offset of the first valid frame in the segment, or null; frames stand at multiples of 8 only. */
export function findFrame(segment: Uint8Array): number | null {
  return search(segment, 0, () => true);
}

/**
 * The offset of the first frame that was written after the invalid one at `invalid`, or null. `last` is the
 * sequence of the frame before the invalid one; null = unknown. The sequence must be above the invalid
 * frame's, but not by more than the number of frames that fit between the two. The invalid frame's payload
 * may hold the bytes of an older frame or of another log's.
 */
export function findLaterFrame(segment: Uint8Array, invalid: number, last: number | null): number | null {
  return search(segment, invalid + 1, (sequence, offset) => {
    if (last === null) return true;
    const own = last + 1;
    return sequence > own && sequence <= own + (offset - invalid) / FRAME_BYTES_MIN;
  });
}

function search(
  segment: Uint8Array,
  from: number,
  isMeant: (sequence: number, offset: number) => boolean,
): number | null {
  for (
    let offset = Math.ceil(from / ALIGNMENT) * ALIGNMENT;
    offset + HEADER_BYTES <= segment.length;
    offset += ALIGNMENT
  ) {
    // Both magics begin with it.
    if (segment[offset] !== (MAGIC & 0xff)) continue;
    const read = readFrame(segment, offset);
    if (read.kind === "frame" && isMeant(read.sequence, offset)) return offset;
  }
  return null;
}

function bodyBytes(length: number): number {
  return length + ALIGNMENT - (length % ALIGNMENT);
}

interface FrameHeader {
  readonly isSealed: boolean;
  readonly length: number;
  readonly sequence: number;
  readonly bodyCrc: number;
}

function readHeader(segment: Uint8Array, offset: number): FrameHeader | null {
  if (offset + HEADER_BYTES > segment.length) return null;
  const bytes = segment.subarray(offset, offset + HEADER_BYTES);
  const expected = new ByteReader(bytes.subarray(HEADER_CHECKED_BYTES)).uint32();
  const reader = new ByteReader(bytes);
  const magic = reader.uint32();
  if (magic !== MAGIC && magic !== SEALED_MAGIC) return null;
  if (crc32c(bytes.subarray(0, HEADER_CHECKED_BYTES)) !== expected) return null;
  const isSealed = magic === SEALED_MAGIC;
  return { isSealed, length: reader.uint32(), sequence: reader.uint64(), bodyCrc: reader.uint32() };
}

// Without a header the frame's end is unknown. But each sector that the header touches is wholly there or
// wholly missing. A missing sector leaves only zeros from the frame's start to the sector's end.
function hasLostHeader(segment: Uint8Array, offset: number): boolean {
  const end = offset + HEADER_BYTES;
  return hasLostSector(segment, offset, Math.min(sectorEnd(end - 1), segment.length));
}

// The preallocated file held zeros here, so a sector that never reached the disk reads as zeros (etcd's WAL
// uses the same rule). A frame without such a sector was written completely and damaged later.
function hasLostSector(segment: Uint8Array, start: number, end: number): boolean {
  for (let from = start; from < end; from = sectorEnd(from)) {
    if (isZero(segment, from, Math.min(sectorEnd(from), end))) return true;
  }
  return false;
}

function sectorEnd(offset: number): number {
  return (Math.floor(offset / SECTOR_BYTES) + 1) * SECTOR_BYTES;
}

// Most of a segment has never been written to, and a start looks at all of it: machine code compares it.
function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  if (from < to && bytes[from] !== 0) return false;
  for (let position = from; position < to; position += ZEROS.length) {
    const part = bytes.subarray(position, Math.min(position + ZEROS.length, to));
    if (Buffer.compare(part, ZEROS.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}
