// A large message as bytes, split where its rows begin, so that they are decoded a slice at a time
// (ADR-0025). What must stay true: head and slices together have each field once, in order. Slices are small
// whatever the caller sends. Before the first slice is decoded, only the rows' lengths are read.

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { rpcError } from "../rpc-error.ts";

/** Decoded within some 0.5 ms. */
export const ROWS_PER_SLICE = 512;
/** One row may be larger; it is then the last of its slice. */
const BYTES_PER_SLICE = 64 * 1024;
/** For one row. The largest that a shard sends is a shortfall of 64 kB of texts. */
const ROW_BYTES_MAX = 128 * 1024;
/** For all that is no row. */
const HEAD_BYTES_MAX = 4 * 1024 * 1024;

/** Consecutive bytes of a message, each a few whole fields. */
type Slice = readonly Buffer[];

export interface SlicedMessage {
  /** All fields except rows. */
  readonly head: Buffer;
  readonly slices: readonly Slice[];
  readonly rows: number;
  /** The message in the field `nested`; null = it has none. */
  readonly nested: Buffer | null;
}

export interface Cut {
  /** Fields with these numbers are rows. */
  readonly rows: ReadonlySet<number>;
  /**
   * A field whose message is split separately and is not part of the head. If it occurs several times, the
   * last one counts.
   */
  readonly nested?: number;
  /** Fields within rows and messages are not counted. */
  readonly fieldsMax: number;
}

/**
 * Throws the RpcError for a message that is too large, and a RangeError or Error for one that can't be read.
 */
export function sliceMessage(bytes: Buffer, { rows, nested, fieldsMax }: Cut): SlicedMessage {
  const reader = new BinaryReader(bytes);
  const head = new Parts(bytes);
  const slices: Parts[] = [];
  let inside: Buffer | null = null;
  let rowCount = 0;
  for (let fields = 1; reader.pos < reader.len; fields += 1) {
    if (fields > fieldsMax) throw tooManyFields(fieldsMax);
    const from = reader.pos;
    const [field, wireType] = reader.tag();
    const length = skip(reader, field, wireType);
    if (field === nested && length !== null) {
      inside = bytes.subarray(reader.pos - length, reader.pos);
      continue;
    }
    if (rows.has(field)) {
      if (reader.pos - from > ROW_BYTES_MAX) throw tooLarge("a row", ROW_BYTES_MAX);
      rowCount += 1;
      roomIn(slices, bytes).add(from, reader.pos);
    } else head.add(from, reader.pos);
    if (head.bytes > HEAD_BYTES_MAX) throw tooLarge("the fields that are not rows", HEAD_BYTES_MAX);
  }
  const cut = slices.map((slice) => slice.all());
  return { head: Buffer.concat(head.all()), slices: cut, rows: rowCount, nested: inside };
}

/** The length of a field's content; null = it has none. */
function skip(reader: BinaryReader, field: number, wireType: WireType): number | null {
  if (wireType !== WireType.LengthDelimited) {
    // A group has no length: its end is found only by reading each field in it, and these are not counted.
    if (wireType === WireType.StartGroup) throw new Error("the messages of this protocol have no groups");
    reader.skip(wireType, field);
    return null;
  }
  const length = reader.uint32();
  reader.pos += length;
  if (reader.pos > reader.len) throw new RangeError("a field ends behind its message");
  return length;
}

/** The slice that takes the next row. */
function roomIn(slices: Parts[], message: Buffer): Parts {
  const last = slices.at(-1);
  if (last !== undefined && last.count < ROWS_PER_SLICE && last.bytes < BYTES_PER_SLICE) return last;
  const next = new Parts(message);
  slices.push(next);
  return next;
}

/** Adjacent bytes are one part. */
class Parts {
  readonly #message: Buffer;
  readonly #ends: { from: number; to: number }[] = [];
  bytes = 0;
  count = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  add(from: number, to: number): void {
    const last = this.#ends.at(-1);
    assert(from < to && (last === undefined || last.to <= from), "fields come in their order");
    if (last?.to === from) last.to = to;
    else this.#ends.push({ from, to });
    this.bytes += to - from;
    this.count += 1;
  }

  all(): Buffer[] {
    return this.#ends.map(({ from, to }) => this.#message.subarray(from, to));
  }
}

function tooLarge(what: string, bytesMax: number) {
  const message = `${what} in a message of this method may have at most ${bytesMax} bytes`;
  return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
}

function tooManyFields(fieldsMax: number) {
  const message = `a message of this method may have at most ${fieldsMax} rows and fields`;
  return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
}
