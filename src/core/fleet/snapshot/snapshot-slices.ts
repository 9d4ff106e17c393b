// Reads a snapshot's bytes as they come, a slice at a time: a protobuf message is its fields one after another, so the
// whole fields of any piece of it are a message too. What must stay true: the rows of all slices are those of the whole,
// in any cut. Nothing beyond the field that is not whole yet is kept. Pure.

import { FleetSnapshot } from "../../wire/gen/fleet/v1/command.ts";

const VARINT_BYTES_MAX = 10;
/** A row beyond this is no row of ours; it would be collected for as long as it claims to be. */
const FIELD_BYTES_MAX = 64 * 1024 * 1024;

/** How a field says where it ends. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class SnapshotSlices {
  /** The beginning of a field that has not come whole. */
  #rest: Uint8Array = new Uint8Array();

  /** What the fields hold that are whole now; "malformed" if this can't be a snapshot. */
  add(part: Uint8Array): FleetSnapshot | "malformed" {
    const bytes = this.#rest.length === 0 ? part : joined(this.#rest, part);
    const end = endOfFields(bytes);
    if (end === null) return "malformed";
    this.#rest = bytes.slice(end);
    // The decoder throws on integers beyond 2^53, and on fields that are no messages.
    try {
      return FleetSnapshot.decode(bytes.subarray(0, end));
    } catch {
      return "malformed";
    }
  }

  /** Whether the last field was whole. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }
}

/** Behind the last whole field; null if there is no such field in protobuf. */
function endOfFields(bytes: Uint8Array): number | null {
  for (let at = 0; ; ) {
    const end = endOfField(bytes, at);
    if (end === "malformed") return null;
    if (end === "cut off" || end > bytes.length) return at;
    at = end;
  }
}

function endOfField(bytes: Uint8Array, at: number): number | "cut off" | "malformed" {
  const tag = readVarint(bytes, at);
  if (typeof tag === "string") return tag;
  if (tag.value < 8) return "malformed";
  switch (tag.value % 8) {
    case WIRE.varint: {
      const value = readVarint(bytes, tag.end);
      return typeof value === "string" ? value : value.end;
    }
    case WIRE.fixed64:
      return tag.end + 8;
    case WIRE.bytes: {
      const length = readVarint(bytes, tag.end);
      if (typeof length === "string") return length;
      return length.value > FIELD_BYTES_MAX ? "malformed" : length.end + length.value;
    }
    case WIRE.fixed32:
      return tag.end + 4;
    default:
      return "malformed";
  }
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } | "cut off" | "malformed" {
  let value = 0;
  for (let length = 0; length < VARINT_BYTES_MAX; length += 1) {
    const byte = bytes[at + length];
    if (byte === undefined) return "cut off";
    value += (byte % 0x80) * 2 ** (7 * length);
    if (byte < 0x80) return { value, end: at + length + 1 };
  }
  return "malformed";
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
