// Hashes of the rows that were put into a table last, by the row itself. A row that is replaced or removed
// soon after its put need not be hashed again. Rows that change at every write, such as a client's session,
// are always found here. What must stay true: a row is never modified in place, so its hash never changes.
// The number of kept hashes is limited.

import type { Lanes } from "./row-hash.ts";

export class RecentHashes<Row extends object> {
  readonly #generationMax: number;
  /** When the newer map is full it becomes the older one, and the older one is dropped as a whole. */
  #newer = new Map<Row, Lanes>();
  #older = new Map<Row, Lanes>();

  constructor(keptMax: number) {
    this.#generationMax = keptMax / 2;
  }

  put(row: Row, hash: Lanes): void {
    if (this.#newer.size >= this.#generationMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(row, hash);
  }

  /** The hash of a row that is no longer in the table. */
  take(row: Row): Lanes | undefined {
    return takeFrom(this.#newer, row) ?? takeFrom(this.#older, row);
  }
}

function takeFrom<Row>(hashes: Map<Row, Lanes>, row: Row): Lanes | undefined {
  const hash = hashes.get(row);
  if (hash !== undefined) hashes.delete(row);
  return hash;
}
