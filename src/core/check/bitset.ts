// A fixed-size set of small integers. Each change updates its hash, so that looking a set up needs no pass
// over its words.

import { assert } from "../base/assert.ts";

export class Bitset {
  /** Member `i` is bit `i % 32` of word `i / 32`. */
  readonly words: Uint32Array;
  #hash = 0;

  /** An empty set of integers in [0, size). */
  constructor(size: number) {
    assert(Number.isSafeInteger(size) && size >= 0, "a set has a size");
    this.words = new Uint32Array(Math.ceil(size / 32));
  }

  /** Equal sets have equal hashes; 32 bits. */
  get hash(): number {
    return this.#hash;
  }

  has(member: number): boolean {
    return ((this.#wordOf(member) >>> (member & 31)) & 1) === 1;
  }

  /** Adds the member if it is not there, removes it if it is. */
  flip(member: number): void {
    this.words[member >>> 5] = this.#wordOf(member) ^ (1 << (member & 31));
    // A set's hash is the exclusive or of its members' hashes (Zobrist 1970), in any order of changes.
    this.#hash ^= mix(member);
  }

  #wordOf(member: number): number {
    const word = this.words[member >>> 5];
    assert(word !== undefined, "a member is within the set's size");
    return word;
  }
}

/** Spreads an integer over 32 bits (MurmurHash3's finalizer; the offset gives 0 a hash of its own). */
export function mix(value: number): number {
  let mixed = value + 0x9e3779b9;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
