// Little-endian reading and writing of fixed-size buffers, shared by log records and snapshot files.
// What must stay true: nothing is read or written outside the buffer, and 64-bit numbers are safe integers.

import { assert } from "../base/assert.ts";

const TWO_TO_32 = 0x1_0000_0000;

export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  uint8(value: number): void {
    this.#view.setUint8(this.#advance(1), value);
  }

  uint32(value: number): void {
    assert(value >= 0 && value < TWO_TO_32, "the value fits 32 bits");
    this.#view.setUint32(this.#advance(4), value, true);
  }

  uint64(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "a 64-bit field holds a safe, non-negative integer");
    const at = this.#advance(8);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(value / TWO_TO_32), true);
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#advance(value.length));
  }

  #advance(length: number): number {
    const at = this.#position;
    assert(at + length <= this.#bytes.length, "what is written fits the buffer that was sized for it");
    this.#position += length;
    return at;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  uint64(): number {
    const at = this.#advance(8);
    const value = this.#view.getUint32(at + 4, true) * TWO_TO_32 + this.#view.getUint32(at, true);
    assert(Number.isSafeInteger(value), "a 64-bit field holds a safe integer");
    return value;
  }

  /** A copy, so that a few bytes do not keep the whole buffer in memory. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  #advance(length: number): number {
    const at = this.#position;
    assert(at + length <= this.#bytes.length, "what is read lies inside the buffer");
    this.#position += length;
    return at;
  }
}
