// Bytes of a request that wait for its reader. What must stay true: they need at most some four times their size in
// memory, and time in proportion to it. That holds also if they come in small pieces.

import { assert } from "../../base/assert.ts";
import { FRAME_BYTES_MAX } from "./protocol.ts";

/** A smaller buffer may be held for the sake of a few of its bytes. */
const BUFFER_BYTES_MIN = 4 * 1024;
const PART_MIN = 1 / 4;

export class HeldBytes {
  /** Those from `#from` to `#to` wait; what is before them has been given away and is not changed. */
  #bytes: Buffer = NOTHING;
  #from = 0;
  #to = 0;

  /** How many wait. */
  get size(): number {
    return this.#to - this.#from;
  }

  push(bytes: Buffer): void {
    if (this.#from === this.#to) {
      this.#become(owned(bytes), bytes.length);
      return;
    }
    const waiting = this.#to - this.#from;
    if (this.#to + bytes.length > this.#bytes.length) {
      const roomier = Buffer.allocUnsafeSlow(2 * (waiting + bytes.length));
      this.#bytes.copy(roomier, 0, this.#from, this.#to);
      this.#become(roomier, waiting);
    }
    bytes.copy(this.#bytes, this.#to);
    this.#to += bytes.length;
  }

  /** The next piece, at most as long as a frame; null = nothing waits. */
  shift(): Buffer | null {
    if (this.#from === this.#to) return null;
    const end = Math.min(this.#to, this.#from + FRAME_BYTES_MAX);
    const piece = this.#bytes.subarray(this.#from, end);
    this.#from = end;
    if (end === this.#to) this.drop();
    return piece;
  }

  /** The end of the last piece, if it was not used: it waits again, before all others. */
  putBack(rest: Buffer): void {
    if (this.#from === this.#to) {
      this.push(rest);
      return;
    }
    assert(rest.length <= this.#from, "only what was given away comes back");
    this.#from -= rest.length;
  }

  drop(): void {
    this.#become(NOTHING, 0);
  }

  #become(bytes: Buffer, length: number): void {
    this.#bytes = bytes;
    [this.#from, this.#to] = [0, length];
  }
}

/** The same bytes: a copy, if they are a small part of a buffer that would stay in memory with them. */
export function owned(bytes: Buffer): Buffer {
  const { byteLength } = bytes.buffer;
  if (byteLength <= BUFFER_BYTES_MIN || bytes.length >= PART_MIN * byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

const NOTHING = Buffer.alloc(0);
