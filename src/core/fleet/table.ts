// One table of the replicated state: rows in key order in a copy-on-write map, with the digest of all rows.
// What must stay true: rows are never modified in place, so a capture and the live table may share them, and
// the digest equals the sum over the rows at all times.

import { OrderedMap } from "./ordered-map.ts";
import { addLanes, hashRow, type Lanes, NO_LANES, subtractLanes, tableSeed } from "./row-hash.ts";

type Key = string | number;

export interface TableSchema<K extends Key, Row> {
  /** Separates the digests of equal rows in two tables. */
  readonly name: string;
  key(row: Row): K;
  /** Deterministic: equal rows have equal bytes on every replica. Valid until the next row is encoded. */
  encode(row: Row): Uint8Array;
  /** The row as the table keeps it, with texts that many rows repeat as one. Equal to `row`. */
  compact?(row: Readonly<Row>): Readonly<Row>;
}

/** What readers and captures see of a table. */
export interface ReadonlyTable<K extends Key, Row> {
  readonly size: number;
  readonly digest: Lanes;
  get(key: K): Readonly<Row> | undefined;
  firstKey(): K | undefined;
  /** In key order, from the first key that is not below `from`. The table must not change meanwhile. */
  rows(from?: K): Iterable<Readonly<Row>>;
  /** The same from the last key, or from the last one that is not above `from`, down. */
  rowsBack(from?: K): Iterable<Readonly<Row>>;
}

/** Told of each change of a row; null = it was removed, or was not there before. */
export type OnChange<K extends Key, Row> = (
  key: K,
  row: Readonly<Row> | null,
  before: Readonly<Row> | null,
) => void;

export class Table<K extends Key, Row> implements ReadonlyTable<K, Row> {
  readonly #schema: TableSchema<K, Row>;
  readonly #onChange: OnChange<K, Row> | null;
  readonly #seed: Lanes;
  #rows = new OrderedMap<K, Readonly<Row>>();
  #digest: Lanes = NO_LANES;

  constructor(schema: TableSchema<K, Row>, onChange: OnChange<K, Row> | null = null) {
    this.#schema = schema;
    this.#onChange = onChange;
    this.#seed = tableSeed(schema.name);
  }

  get size(): number {
    return this.#rows.size;
  }

  get digest(): Lanes {
    return this.#digest;
  }

  get(key: K): Readonly<Row> | undefined {
    return this.#rows.get(key);
  }

  firstKey(): K | undefined {
    return this.#rows.firstKey();
  }

  rows(from?: K): Iterable<Readonly<Row>> {
    return this.#rows.values(from);
  }

  rowsBack(from?: K): Iterable<Readonly<Row>> {
    return this.#rows.valuesBack(from);
  }

  /** Adds the row or replaces the one with its key. */
  put(row: Readonly<Row>): void {
    const key = this.#schema.key(row);
    // Before anything changes: a row that can't be encoded leaves the table as it was.
    const hash = this.#hash(row);
    const kept = this.#schema.compact?.(row) ?? row;
    const old = this.#rows.set(key, kept);
    const others = old === undefined ? this.#digest : subtractLanes(this.#digest, this.#hash(old));
    this.#digest = addLanes(others, hash);
    this.#onChange?.(key, kept, old ?? null);
  }

  /** Whether there was such a row. */
  remove(key: K): boolean {
    const old = this.#rows.delete(key);
    if (old === undefined) return false;
    this.#digest = subtractLanes(this.#digest, this.#hash(old));
    this.#onChange?.(key, null, old);
    return true;
  }

  /** An O(1) copy: neither sees later changes of the other. */
  capture(): Table<K, Row> {
    const copy = new Table(this.#schema);
    copy.#rows = this.#rows.clone();
    copy.#digest = this.#digest;
    return copy;
  }

  // Not kept beside the row: for a hundred thousand rows that costs more memory than hashing one again costs time.
  #hash(row: Readonly<Row>): Lanes {
    return hashRow(this.#seed, this.#schema.encode(row));
  }
}
