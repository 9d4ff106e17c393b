// Hashes of the rows that were put into a table last, by the row itself. A row that is replaced or removed
// soon after its put need not be hashed again. Rows that change at every write, such as a client's session,
// are always found here. What must stay true: a row is never modified in place, so its hash never changes.
// The number of kept hashes is limited.

import type { Lanes } from "./row-hash.ts";

/**
 * So many of the newest rows are in a list that is searched from end to end. Rows that change at every write come no further:
 * in a Map they would make V8 build a new table whenever it becomes empty.
 */
const NEWEST = 8;

interface Hashed<Row> {
  readonly row: Row;
  readonly hash: Lanes;
}

export class RecentHashes<Row extends object> {
  readonly #generationMax: number;
  /** A circle; null = it was taken, or there was none yet. */
  readonly #newest: (Hashed<Row> | null)[] = Array.from({ length: NEWEST }, () => null);
  /** Where the oldest of them is. */
  #next = 0;
  /** When the newer map is full it becomes the older one, and the older one is dropped as a whole. */
  #newer = new Map<Row, Lanes>();
  #older = new Map<Row, Lanes>();

  /** Keeps so many hashes at most, and `NEWEST`. */
  constructor(keptMax: number) {
    this.#generationMax = keptMax / 2;
  }

  put(row: Row, hash: Lanes): void {
    const displaced = this.#newest[this.#next];
    if (displaced !== null && displaced !== undefined) this.#keep(displaced);
    this.#newest[this.#next] = { row, hash };
    this.#next = (this.#next + 1) % NEWEST;
  }

  /** The hash of a row that is no longer in the table. */
  take(row: Row): Lanes | undefined {
    for (let at = 0; at < NEWEST; at += 1) {
      const hashed = this.#newest[at];
      if (hashed?.row !== row) continue;
      this.#newest[at] = null;
      return hashed.hash;
    }
    return takeFrom(this.#newer, row) ?? takeFrom(this.#older, row);
  }

  #keep({ row, hash }: Hashed<Row>): void {
    if (this.#newer.size >= this.#generationMax) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(row, hash);
  }
}

function takeFrom<Row>(hashes: Map<Row, Lanes>, row: Row): Lanes | undefined {
  const hash = hashes.get(row);
  if (hash !== undefined) hashes.delete(row);
  return hash;
}
