// Decodes a large message's bytes as they arrive, such as a snapshot's, a slice at a time. A protobuf message is a
// sequence of fields, so the complete fields of any piece of it are a message too. What must stay true: all slices
// together have the rows of the whole, however it is split. Only the incomplete field is kept, and copied twice at most. Pure.

const VARINT_BYTES_MAX = 10;
/** None of our rows is larger; a field that claims more would be collected up to the size that it claims. */
const FIELD_BYTES_MAX = 64 * 1024 * 1024;

/** The wire types, which say where a field ends. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class MessageSlices<Message> {
  readonly #decode: (bytes: Uint8Array) => Message;
  readonly #once: ReadonlySet<number>;
  /** Those of `#once` that have occurred. */
  readonly #seen = new Set<number>();
  /** The start of the incomplete field, and how many bytes it has at least. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #wanted = 0;

  /**
   * `decode` as generated. It may throw. `once`: fields that may occur only once in the whole. A decoder takes the last one of its
   * slice, so what a second one means would depend on how the message is split.
   */
  constructor(decode: (bytes: Uint8Array) => Message, once: Iterable<number> = []) {
    this.#decode = decode;
    this.#once = new Set(once);
  }

  /** The content of the fields that are complete now; "malformed" if this can't be a message. */
  add(part: Uint8Array): Message | "malformed" {
    if (this.#restBytes + part.length < this.#wanted) {
      this.#keep(part);
      return this.#decode(NOTHING);
    }
    const bytes = this.#restBytes === 0 ? part : Buffer.concat([...this.#rest, part]);
    const end = this.#endOfFields(bytes);
    if (end === null) return "malformed";
    [this.#rest, this.#restBytes] = [[], 0];
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    // The decoder throws on integers beyond 2^53, and on fields that are not messages.
    try {
      return this.#decode(bytes.subarray(0, end));
    } catch {
      return "malformed";
    }
  }

  /** Whether the last field was complete. */
  get isWhole(): boolean {
    return this.#restBytes === 0;
  }

  #keep(part: Uint8Array): void {
    this.#rest.push(new Uint8Array(part));
    this.#restBytes += part.length;
  }

  /** The offset behind the last complete field; null if protobuf has no such field, or it occurs again. */
  #endOfFields(bytes: Uint8Array): number | null {
    for (let at = 0; ; ) {
      const end = endOfField(bytes, at);
      if (end === "malformed") return null;
      if (end === "cut off" || end > bytes.length) {
        this.#wanted = end === "cut off" ? 0 : end - at;
        return at;
      }
      const field = fieldAt(bytes, at);
      if (this.#seen.has(field)) return null;
      if (this.#once.has(field)) this.#seen.add(field);
      at = end;
    }
  }
}

const NOTHING = new Uint8Array();

/** Its tag is whole. */
function fieldAt(bytes: Uint8Array, at: number): number {
  const tag = readVarint(bytes, at);
  return typeof tag === "string" ? 0 : Math.floor(tag.value / 8);
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
