// Reads protobuf messages with less garbage. Protobuf's own reader makes a big integer and a text of every 64-bit
// number, and a list of every short text. What must stay true: for all bytes, the message or the error is that of
// protobuf's own reader.

import { BinaryReader } from "@bufbuild/protobuf/wire";

/** 49 bits, so that the sum is exact. */
const NUMBER_BYTES_MAX = 7;
const ASCII_MAX = 0x7f;

/** Generated code turns what was read into a number by `Number(read.toString())`. Used up before the next one is read. */
class Read {
  value = 0;

  toString(): string {
    return this.value as unknown as string;
  }
}

const read = new Read();

export class MessageReader extends BinaryReader {
  readonly #input: Uint8Array;

  constructor(input: Uint8Array) {
    super(input);
    this.#input = input;
  }

  override uint64(): bigint | string {
    const input = this.#input;
    let value = 0;
    let scale = 1;
    for (let at = this.pos; at < this.pos + NUMBER_BYTES_MAX; at += 1) {
      const byte = input[at];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte >= 0x80) continue;
      this.pos = at + 1;
      read.value = value;
      return read as unknown as string;
    }
    // A larger number, or bytes that end here.
    return super.uint64();
  }

  override string(strict?: boolean): string {
    const start = this.pos;
    const length = this.uint32();
    const end = this.pos + length;
    const input = this.#input;
    if (end <= this.len && Buffer.isBuffer(input) && isAscii(input, this.pos, end)) {
      const text = input.toString("latin1", this.pos, end);
      this.pos = end;
      return text;
    }
    this.pos = start;
    return super.string(strict);
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if ((bytes[at] ?? 0) > ASCII_MAX) return false;
  return true;
}
