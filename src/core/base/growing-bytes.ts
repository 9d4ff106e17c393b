// Appends bytes part by part to one array. Keeping all parts and joining them at the end would need twice the
// memory. Space that is reserved but not written takes no memory of the machine.

const FIRST_BYTES = 64 * 1024;

export class GrowingBytes {
  #bytes: Uint8Array;
  #end = 0;

  /** `expected`: about this many bytes will come. */
  constructor(expected: number) {
    this.#bytes = new Uint8Array(Math.max(FIRST_BYTES, Math.ceil(expected)));
  }

  append(part: Uint8Array): void {
    const end = this.#end + part.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#end);
    this.#end = end;
  }

  /** The bytes appended so far; shares their memory. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }
}
