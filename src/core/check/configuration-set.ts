// The configurations that a search has visited. What can follow from a configuration does not depend on how
// it was reached (Lowe 2017). Two configurations may differ only in the open operations that were used.
// Everything that can follow from the one that used more can then also follow from the other. So a new
// configuration is skipped if a known one has the same completed operations, the same state, and a subset of
// its open operations. Exact: the hash only finds candidates, which are then compared in full. Rows are
// stored flat in one array, because there may be millions of them.

import { type Bitset, mix } from "./bitset.ts";

export interface Configuration {
  /** The placed operations that have a return. */
  readonly completed: Bitset;
  /** The placed operations of unknown outcome. */
  readonly open: Bitset;
  /** The number of the state that the placed operations led to. */
  readonly state: number;
}

const NONE = 0xffff_ffff;
const CAPACITY_FIRST = 64;
/** A row holds: the next row of its group, hash and state of the group, completed words, open words. */
const HEADER_WORDS = 3;

export class ConfigurationSet {
  readonly #completedWords: number;
  readonly #rowWords: number;
  #rows: Uint32Array;
  /** The latest row of each group of equal completed operations and state; linear probing, at most half full. */
  #slots: Uint32Array;
  #rowCount = 0;
  #groupCount = 0;

  /** For configurations whose sets have as many words as these. */
  constructor(completedWords: number, openWords: number) {
    this.#completedWords = completedWords;
    this.#rowWords = HEADER_WORDS + completedWords + openWords;
    this.#rows = new Uint32Array(CAPACITY_FIRST * this.#rowWords);
    this.#slots = new Uint32Array(CAPACITY_FIRST).fill(NONE);
  }

  /** Adds a configuration and returns true, unless a known one makes it superfluous. */
  add(configuration: Configuration): boolean {
    const hash = (configuration.completed.hash ^ mix(~configuration.state)) >>> 0;
    const slot = this.#findGroup(hash, configuration);
    const latest = this.#slots[slot] ?? NONE;
    for (let row = latest; row !== NONE; row = this.#word(row, 0)) {
      if (this.#usesFewer(row, configuration.open)) return false;
    }
    this.#slots[slot] = this.#append(latest, hash, configuration);
    if (latest === NONE) this.#groupCount += 1;
    if (this.#groupCount * 2 > this.#slots.length) this.#growSlots();
    return true;
  }

  /** The slot of the configuration's group, or the free one where it belongs. */
  #findGroup(hash: number, configuration: Configuration): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] ?? NONE;
      if (row === NONE || this.#isOfGroup(row, hash, configuration)) return slot;
    }
  }

  #isOfGroup(row: number, hash: number, { completed, state }: Configuration): boolean {
    if (this.#word(row, 1) !== hash || this.#word(row, 2) !== state) return false;
    return completed.words.every((word, index) => this.#word(row, HEADER_WORDS + index) === word);
  }

  #usesFewer(row: number, open: Bitset): boolean {
    const start = HEADER_WORDS + this.#completedWords;
    return open.words.every((word, index) => (this.#word(row, start + index) & ~word) === 0);
  }

  #append(next: number, hash: number, { completed, open, state }: Configuration): number {
    const start = this.#rowCount * this.#rowWords;
    if (start === this.#rows.length) this.#growRows();
    this.#rows.set([next, hash, state], start);
    this.#rows.set(completed.words, start + HEADER_WORDS);
    this.#rows.set(open.words, start + HEADER_WORDS + this.#completedWords);
    this.#rowCount += 1;
    return this.#rowCount - 1;
  }

  #growRows(): void {
    const rows = new Uint32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  #growSlots(): void {
    const previous = this.#slots;
    this.#slots = new Uint32Array(previous.length * 2).fill(NONE);
    const mask = this.#slots.length - 1;
    for (const row of previous) {
      if (row === NONE) continue;
      let slot = this.#word(row, 1) & mask;
      while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }

  #word(row: number, index: number): number {
    return this.#rows[row * this.#rowWords + index] ?? NONE;
  }
}
