// Writes the bytes for a row's digest into a buffer that the next row overwrites. protobuf's own writer
// copies them, and uses BigInts for every 64-bit number: that is a third of the cost of applying a command.
// What must stay true: the bytes are the same as protobuf's own writer's, otherwise replicas of two versions
// would differ. Kinds of fields that no row has are not supported: generated code that uses them throws.

import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { assert } from "../../base/assert.ts";
import { varintBytes } from "../../base/varint.ts";

const FIRST_BYTES = 1024;
const NUMBER_BYTES_MAX = 10;
/** No UTF-16 unit takes more bytes of UTF-8. */
const UNIT_BYTES_MAX = 3;
const ASCII_MAX = 0x7f;

/** A longer text is encoded by one call, a shorter one unit by unit: the call costs as much as 40 units. */
const SHORT_TEXT_UNITS_MAX = 64;

const utf8 = new TextEncoder();

export class RowWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #end = 0;
  readonly #forks: number[] = [];
  /** By length. A view costs as much memory as a small row, and rows of a table have few lengths. */
  #views: (Uint8Array | undefined)[] = [];

  /** For generated code, whose type is protobuf's class and not the part of it that is called. */
  get asProtobuf(): BinaryWriter {
    return this as unknown as BinaryWriter;
  }

  /** The bytes written since the last call; valid until the next write. */
  take(): Uint8Array {
    assert(this.#forks.length === 0, "every nested message has ended");
    const end = this.#end;
    this.#end = 0;
    if (end > FIRST_BYTES) return this.#bytes.subarray(0, end);
    const view = this.#views[end] ?? this.#bytes.subarray(0, end);
    this.#views[end] = view;
    return view;
  }

  uint32(value: number): this {
    assert(value >= 0 && value <= 0xffff_ffff, "an unsigned 32-bit field holds such a number");
    return this.#varint(value);
  }

  uint64(value: string | number | bigint): this {
    assert(
      Number.isSafeInteger(value) && Number(value) >= 0,
      "64-bit fields are safe, non-negative integers",
    );
    return this.#varint(Number(value));
  }

  // A negative number, such as an unknown enum value, is extended to 64 bits, as in protobuf.
  int32(value: number): this {
    if (value >= 0) return this.#varint(value);
    this.#reserve(NUMBER_BYTES_MAX);
    let rest = value;
    for (let count = 1; count < NUMBER_BYTES_MAX; count += 1) {
      this.#bytes[this.#end++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.#bytes[this.#end++] = 1;
    return this;
  }

  bool(value: boolean): this {
    return this.#varint(value ? 1 : 0);
  }

  string(value: string): this {
    return this.#shortText(value) ? this : this.#text(value);
  }

  #shortText(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT_UNITS_MAX) return false;
    this.#reserve(1 + length);
    const [bytes, start] = [this.#bytes, this.#end + 1];
    for (let at = 0; at < length; at += 1) {
      const unit = value.charCodeAt(at);
      if (unit > ASCII_MAX) return false;
      bytes[start + at] = unit;
    }
    bytes[this.#end] = length;
    this.#end = start + length;
    return true;
  }

  #text(value: string): this {
    this.fork();
    this.#reserve(value.length * UNIT_BYTES_MAX);
    const { written } = utf8.encodeInto(value, this.#bytes.subarray(this.#end));
    this.#end += written;
    return this.join();
  }

  fork(): this {
    this.#forks.push(this.#end);
    // Room for the length of most messages: a longer one moves its own bytes.
    this.#reserve(1);
    this.#end += 1;
    return this;
  }

  join(): this {
    const start = this.#forks.pop();
    assert(start !== undefined, "a nested message ends after its beginning");
    const length = this.#end - start - 1;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + 1 + extra, start + 1, this.#end);
    }
    this.#end = start;
    // Its room exists already. Reserving more would copy only the bytes before the end, but the message is
    // behind it.
    this.#digits(length);
    this.#end += length;
    return this;
  }

  #varint(value: number): this {
    this.#reserve(NUMBER_BYTES_MAX);
    if (value >= 0x80) return this.#digits(value);
    this.#bytes[this.#end++] = value;
    return this;
  }

  #digits(value: number): this {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#end++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#end++] = rest;
    return this;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#end + bytes));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#views = [];
  }
}
