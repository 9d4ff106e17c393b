// The fields of a protobuf message by their numbers, also those that this build has no names for: generated code skips
// them without a sign.

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export interface RawField {
  readonly number: number;
  /** Of a number of up to 32 bits; 0 = it is of another type. */
  readonly value: number;
  /** Of a text, bytes or a message; null = it is of another type. */
  readonly bytes: Uint8Array | null;
}

/** In the order of the bytes. Null: these are no message. */
export function rawFields(data: Uint8Array): readonly RawField[] | null {
  const reader = new BinaryReader(data);
  const fields: RawField[] = [];
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      const value = type === WireType.Varint ? reader.uint32() : 0;
      const bytes = type === WireType.LengthDelimited ? reader.bytes() : null;
      if (type !== WireType.Varint && type !== WireType.LengthDelimited) reader.skip(type, number);
      fields.push({ number, value, bytes });
    }
  } catch {
    return null;
  }
  return fields;
}

/** Which numbers a oneof of messages has in this build, asked of its own decoder: no list is to be kept beside it. */
export class KnownNumbers<Kind> {
  readonly #kindIn: (bytes: Uint8Array) => Kind | null;
  /** By their numbers; only those that this build knows, so no peer can make it grow. */
  readonly #kinds = new Map<number, Kind>();

  /** `kindIn`: what the decoder makes of a message with one empty field of the oneof. */
  constructor(kindIn: (bytes: Uint8Array) => Kind | null) {
    this.#kindIn = kindIn;
  }

  /** The kind with nothing in it; null = this build has no kind of that number. */
  of(number: number): Kind | null {
    const known = this.#kinds.get(number);
    if (known !== undefined) return known;
    const kind = this.#kindIn(new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(0).finish());
    if (kind !== null) this.#kinds.set(number, kind);
    return kind;
  }
}
