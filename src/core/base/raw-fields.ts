// The fields of a protobuf message by their numbers, also those that this build has no names for: generated code skips
// them without a sign.

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

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
