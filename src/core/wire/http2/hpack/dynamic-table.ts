// The fields that a peer has asked to keep (RFC 7541, 2.3.2 and 4). What must stay true: its size, counted as the
// standard counts it, never exceeds the announced one.

import { assert } from "../../../base/assert.ts";
import type { Field } from "./static-table.ts";

/** SETTINGS_HEADER_TABLE_SIZE; we announce no other (RFC 9113, 6.5.2). */
export const TABLE_BYTES_MAX = 4_096;
/** Of each field, beside its texts (RFC 7541, 4.1). */
const FIELD_BYTES = 32;

export const sizeOf = ({ name, value }: Field): number => name.length + value.length + FIELD_BYTES;

export class DynamicTable {
  /** The newest last; those before `#from` are evicted. */
  #fields: Field[] = [];
  #from = 0;
  #bytes = 0;
  #bytesMax = TABLE_BYTES_MAX;
  /** Rises with each change. */
  generation = 0;

  /** `age`: 0 is the newest. */
  at(age: number): Field | undefined {
    const index = this.#fields.length - 1 - age;
    return index < this.#from ? undefined : this.#fields[index];
  }

  /** A field that is larger than the table empties it (RFC 7541, 4.4). */
  add(field: Field): void {
    this.generation += 1;
    this.#fields.push(field);
    this.#bytes += sizeOf(field);
    this.#evict();
  }

  /** `bytesMax`: at most what we announced. */
  resize(bytesMax: number): void {
    assert(bytesMax <= TABLE_BYTES_MAX, "the decoder checks the size of the table");
    this.generation += 1;
    this.#bytesMax = bytesMax;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#fields[this.#from];
      assert(oldest !== undefined, "an empty table has no bytes");
      this.#bytes -= sizeOf(oldest);
      this.#from += 1;
    }
    if (this.#from > 64 && this.#from * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#from);
      this.#from = 0;
    }
  }
}
