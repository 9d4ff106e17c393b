// Decodes a large message's bytes as they arrive, such as a snapshot's, a slice at a time. A protobuf message is a
// sequence of fields, so the complete fields of any piece of it are a message too. What must stay true: all slices
// together have the rows of the whole, however it is split. Only the incomplete field is kept. Pure.

const VARINT_BYTES_MAX = 10;
/** None of our rows is larger; a field that claims more would be collected up to the size that it claims. */
const FIELD_BYTES_MAX = 64 * 1024 * 1024;

/** The wire types, which say where a field ends. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class MessageSlices<Message> {
  readonly #decode: (bytes: Uint8Array) => Message;
  /** The start of the incomplete field. */
  #rest: Uint8Array = new Uint8Array();

  /** `decode` as generated. It may throw. */
  constructor(decode: (bytes: Uint8Array) => Message) {
    this.#decode = decode;
  }

  /** The content of the fields that are complete now; "malformed" if this can't be a message. */
  add(part: Uint8Array): Message | "malformed" {
    const bytes = this.#rest.length === 0 ? part : joined(this.#rest, part);
    const end = endOfFields(bytes);
    if (end === null) return "malformed";
    this.#rest = bytes.slice(end);
    // The decoder throws on integers beyond 2^53, and on fields that are not messages.
    try {
      return this.#decode(bytes.subarray(0, end));
    } catch {
      return "malformed";
    }
  }

  /** Whether the last field was complete. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }
}

/** The offset behind the last complete field; null if protobuf has no such field. */
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
