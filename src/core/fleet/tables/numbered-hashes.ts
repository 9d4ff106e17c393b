// The hashes of a table's rows by number, for a bounded table whose rows leave it long after their put: the audit log. To
// encode and hash each of them again took an eighth of applying an entry. What must stay true: the hash of a number is
// that of the row which the table has under it. One that was displaced is not known any more, and the row is hashed again.

import type { Lanes } from "./row-hash.ts";

/** More than the audit log has rows after an export. Numbers in between belong to entries that are not audited. */
const SLOTS = 16_384;
/** No row has this number: keys are indexes of the log. */
const NONE = 0;
const EMPTY = new Uint32Array(0);

export class NumberedHashes {
  /** Made at the first put: most copies of a table get none. The system gives memory only to slots that are used. */
  #numbers: Float64Array | null = null;
  #lanes = EMPTY;

  put(number: number, { low, high }: Lanes): void {
    const numbers = this.#made();
    const slot = number % SLOTS;
    numbers[slot] = number;
    this.#lanes[2 * slot] = low;
    this.#lanes[2 * slot + 1] = high;
  }

  /** The hash of a row that is no longer in the table; undefined if it is not known. */
  take(number: number): Lanes | undefined {
    const slot = number % SLOTS;
    if (this.#numbers === null || this.#numbers[slot] !== number) return undefined;
    this.#numbers[slot] = NONE;
    return { low: this.#lanes[2 * slot] ?? 0, high: this.#lanes[2 * slot + 1] ?? 0 };
  }

  #made(): Float64Array {
    if (this.#numbers !== null) return this.#numbers;
    this.#numbers = new Float64Array(SLOTS);
    this.#lanes = new Uint32Array(2 * SLOTS);
    return this.#numbers;
  }
}
