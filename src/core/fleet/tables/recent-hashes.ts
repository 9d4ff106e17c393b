// Hashes of the rows that a table was given last, by the row itself: a row that is replaced or removed soon after it was
// put need not be hashed again. Rows that change at every write, such as a client's session, are found here every time.
// What must stay true: a row is never modified in place, so its hash is for good; what is kept is bounded.

import type { Lanes } from "./row-hash.ts";

export class RecentHashes<Row extends object> {
  readonly #generationMax: number;
  /** When the newer is full it becomes the older, and the older is forgotten as a whole. */
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

  /** Of a row that is not in the table any more. */
  take(row: Row): Lanes | undefined {
    return takeFrom(this.#newer, row) ?? takeFrom(this.#older, row);
  }
}

function takeFrom<Row>(hashes: Map<Row, Lanes>, row: Row): Lanes | undefined {
  const hash = hashes.get(row);
  if (hash !== undefined) hashes.delete(row);
  return hash;
}
