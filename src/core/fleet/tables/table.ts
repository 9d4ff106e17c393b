// One table of the replicated state: rows in key order in a copy-on-write map, with the digest of all rows.
// What must stay true: rows are never modified in place, so a capture and the live table may share them. The
// digest always equals the sum over the rows.

import { assert, present } from "../../base/assert.ts";
import { GroupTotals } from "./group-totals.ts";
import { GroupedKeys, type Standing } from "./grouped-keys.ts";
import { NumberedHashes } from "./numbered-hashes.ts";
import { OrderedMap } from "./ordered-map.ts";
import { RecentHashes } from "./recent-hashes.ts";
import { addLanes, hashRow, type Lanes, NO_LANES, subtractLanes, tableSeed } from "./row-hash.ts";

type Key = string | number;

export interface TableSchema<K extends Key, Row> {
  /** Makes the digests of equal rows in two tables differ. */
  readonly name: string;
  key(row: Row): K;
  /** Deterministic: equal rows have equal bytes on every replica. Valid until the next row is encoded. */
  encode(row: Row): Uint8Array;
  /** The row as the table stores it, with shared texts. Equal to `row`. */
  compact?(row: Readonly<Row>): Readonly<Row>;
  /**
   * Groups whose rows are found without reading all rows: the shards that the row names. Equal rows name the
   * same groups.
   */
  groupsOf?(row: Readonly<Row>): readonly string[];
  /** Orders the rows of a group other than by their keys. No two rows have the same place. */
  placeOf?(row: Readonly<Row>): string;
  /**
   * The first part of the key, if all rows that share it can be removed at once. The keys are then texts of
   * parts joined by \0.
   */
  prefixOf?(row: Readonly<Row>): string;
  /** Keeps the hash of each row, by its key, which is a number above 0. Otherwise only the newest are kept. */
  readonly keepsHashes?: boolean;
}

/** A table as readers and captures see it. */
export interface ReadonlyTable<K extends Key, Row> {
  readonly size: number;
  readonly digest: Lanes;
  get(key: K): Readonly<Row> | undefined;
  firstKey(): K | undefined;
  lastRow(): Readonly<Row> | undefined;
  /** The row of the first key at or above `from`. */
  firstRow(from: K): Readonly<Row> | undefined;
  /** In key order, from the first key at or above `from`. The table must not change meanwhile. */
  rows(from?: K): Iterable<Readonly<Row>>;
  /** The same in reverse order, from the last key or from the last one at or below `from`. */
  rowsBack(from?: K): Iterable<Readonly<Row>>;
  /**
   * The rows that name the group, in key order or by their places, from the first at or above `from`. The
   * same condition holds.
   */
  rowsOf(group: string, from?: K | string): Iterable<Readonly<Row>>;
  /** How many rows name the group. */
  countOf(group: string): number;
  /**
   * Hashes this many further rows again. Returns the sum over all rows at the end of a pass, null before. The
   * sum equals `digest`, unless a row has changed in memory. Rows may be added and removed meanwhile; old
   * rows are not kept.
   */
  rehash(rowsMax: number): Lanes | null;
}

/** Called with each change of a row; null = it was removed, or did not exist before. */
export type OnChange<K extends Key, Row> = (
  key: K,
  row: Readonly<Row> | null,
  before: Readonly<Row> | null,
) => void;

/** The rows hashed again: all below `next`, in their present form. */
interface Pass<K> {
  next: K | undefined;
  sum: Lanes;
}

/** More than a client's outstanding writes, whose outcomes are added and removed. */
const RECENT_MAX = 1_024;

/** The groups and the place of no row. */
const NOWHERE: Standing = { groups: [], place: "" };

export class Table<K extends Key, Row> implements ReadonlyTable<K, Row> {
  readonly #schema: TableSchema<K, Row>;
  readonly #onChange: OnChange<K, Row> | null;
  readonly #seed: Lanes;
  #rows = new OrderedMap<K, Readonly<Row>>();
  #digest: Lanes = NO_LANES;
  #recent = new RecentHashes<Readonly<Row>>(RECENT_MAX);
  #numbered = new NumberedHashes();
  #groups = new GroupedKeys<K>();
  #prefixes = new GroupTotals();
  #pass: Pass<K> | null = null;

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

  lastRow(): Readonly<Row> | undefined {
    return this.#rows.lastValue();
  }

  firstRow(from: K): Readonly<Row> | undefined {
    return this.#rows.firstValue(from);
  }

  rows(from?: K): Iterable<Readonly<Row>> {
    return this.#rows.values(from);
  }

  rowsBack(from?: K): Iterable<Readonly<Row>> {
    return this.#rows.valuesBack(from);
  }

  *rowsOf(group: string, from?: K | string): Iterable<Readonly<Row>> {
    for (const key of this.#groups.keysOf(group, from)) {
      yield present(this.#rows.get(key), "an indexed key has its row");
    }
  }

  countOf(group: string): number {
    return this.#groups.count(group);
  }

  rehash(rowsMax: number): Lanes | null {
    const pass = this.#pass ?? { next: undefined, sum: NO_LANES };
    this.#pass = pass;
    let hashed = 0;
    for (const key of this.#rows.keys(pass.next)) {
      if (hashed === rowsMax) {
        pass.next = key;
        return null;
      }
      pass.sum = addLanes(pass.sum, this.#hash(present(this.#rows.get(key), "a key has its row")));
      hashed += 1;
    }
    this.#pass = null;
    return pass.sum;
  }

  /** Adds the row or replaces the one with its key. */
  put(row: Readonly<Row>): void {
    const key = this.#schema.key(row);
    // First, because nothing may change yet: a row that can't be encoded leaves the table unchanged.
    const hash = this.#hash(row);
    const kept = this.#schema.compact?.(row) ?? row;
    const old = this.#rows.set(key, kept);
    const oldHash = old === undefined ? NO_LANES : this.#hashOnceMore(key, old);
    this.#keepHash(key, kept, hash);
    this.#count(key, oldHash, hash);
    this.#follow(key, old, oldHash, kept, hash);
    this.#onChange?.(key, kept, old ?? null);
  }

  /** Returns whether there was such a row. */
  remove(key: K): boolean {
    const old = this.#rows.delete(key);
    if (old === undefined) return false;
    const hash = this.#hashOnceMore(key, old);
    this.#count(key, hash, NO_LANES);
    this.#follow(key, old, hash, undefined, NO_LANES);
    this.#onChange?.(key, null, old);
    return true;
  }

  /**
   * Removes all rows with the prefix at once and returns their number. Not for watched tables: a watcher
   * would need each row.
   */
  removeAll(prefix: string): number {
    assert(this.#onChange === null, "rows that are watched go one by one");
    const { count, digest } = this.#prefixes.take(prefix);
    // From the smallest key with the prefix up to the smallest key behind it.
    const [from, below] = [`${prefix}\0`, `${prefix}\u0001`] as K[];
    const removed = from === undefined || below === undefined ? 0 : this.#rows.deleteRange(from, below);
    assert(removed === count, "the totals of a prefix are those of its rows");
    this.#digest = subtractLanes(this.#digest, digest);
    // The pass may have included some of the removed rows.
    this.#pass = null;
    return count;
  }

  /** An O(1) copy: later changes of one do not change the other. */
  capture(): Table<K, Row> {
    return this.#copy(null);
  }

  /**
   * An O(1) copy that replaces this table, and must be the only one that changes from now on. It continues a
   * running pass over the rows and has the kept hashes.
   */
  draft(onChange: OnChange<K, Row> | null): Table<K, Row> {
    const draft = this.#copy(onChange);
    draft.#recent = this.#recent;
    // Only one table may use them: they are those of its rows.
    draft.#numbered = this.#numbered;
    this.#numbered = new NumberedHashes();
    draft.#pass = this.#pass && { ...this.#pass };
    return draft;
  }

  #copy(onChange: OnChange<K, Row> | null): Table<K, Row> {
    const copy = new Table(this.#schema, onChange);
    copy.#rows = this.#rows.clone();
    copy.#digest = this.#digest;
    copy.#groups = this.#groups.clone();
    copy.#prefixes = this.#prefixes.clone();
    return copy;
  }

  #count(key: K, oldHash: Lanes, hash: Lanes): void {
    this.#digest = addLanes(subtractLanes(this.#digest, oldHash), hash);
    const pass = this.#pass;
    const isPassed = pass?.next !== undefined && key < pass.next;
    if (isPassed) pass.sum = addLanes(subtractLanes(pass.sum, oldHash), hash);
  }

  #follow(key: K, old: Row | undefined, oldHash: Lanes, row: Row | undefined, hash: Lanes): void {
    const { groupsOf, prefixOf } = this.#schema;
    if (groupsOf !== undefined) this.#groups.follow(key, this.#standing(key, old), this.#standing(key, row));
    if (prefixOf === undefined) return;
    const either = row ?? old;
    if (either === undefined) return;
    const count = (row === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
    this.#prefixes.add(prefixOf(either), count, subtractLanes(hash, oldHash));
  }

  #standing(key: K, row: Row | undefined): Standing {
    if (row === undefined) return NOWHERE;
    const { groupsOf, placeOf } = this.#schema;
    return { groups: groupsOf?.(row) ?? [], place: placeOf?.(row) ?? key };
  }

  // Most tables keep hashes only for the newest rows: for a hundred thousand rows they would cost more memory than
  // hashing again costs time.
  #keepHash(key: K, row: Readonly<Row>, hash: Lanes): void {
    if (this.#schema.keepsHashes === true) this.#numbered.put(Number(key), hash);
    else this.#recent.put(row, hash);
  }

  #hashOnceMore(key: K, old: Readonly<Row>): Lanes {
    const kept =
      this.#schema.keepsHashes === true ? this.#numbered.take(Number(key)) : this.#recent.take(old);
    return kept ?? this.#hash(old);
  }

  #hash(row: Readonly<Row>): Lanes {
    return hashRow(this.#seed, this.#schema.encode(row));
  }
}
