// The newest version of each key, in the order of the keys: leaves of ids in typed arrays. The keys themselves are in the
// versions. Only the first key of each leaf is here too. So most of a search needs no look at a version, which is far
// away in memory. What must stay true: the version of each entry exists, and no leaf is empty, except if it is the only
// one.

import { assert } from "../base/assert.ts";
import { lastAtMost, textOf } from "./key-bytes.ts";
import type { VersionId } from "./segment.ts";
import { NO_VERSION, type VersionLog } from "./version-log.ts";

const LEAF_MAX = 64;

interface Leaf {
  readonly ids: Float64Array;
  count: number;
}

/** Before all keys: what comes first belongs to the first leaf. */
const FIRST = "";

export class KeyIndex {
  readonly #versions: VersionLog;
  readonly #leaves: Leaf[] = [{ ids: new Float64Array(LEAF_MAX), count: 0 }];
  /** Of each leaf, a text that is at most its keys and above those of the leaf before it. */
  readonly #bounds: string[] = [FIRST];
  // Where `find` looked last.
  #leafAt = 0;
  #at = 0;
  #isFound = false;
  /** The key of the last search, as long as what it found is true. */
  #lastKey: Uint8Array | null = null;

  constructor(versions: VersionLog) {
    this.#versions = versions;
  }

  get(key: Uint8Array): VersionId {
    this.#find(key);
    return this.#isFound ? (this.#leaf(this.#leafAt).ids[this.#at] as number) : NO_VERSION;
  }

  /** `key` has another newest version. */
  set(key: Uint8Array, id: VersionId): void {
    this.#find(key);
    if (!this.#isFound) this.#insert(key);
    this.#leaf(this.#leafAt).ids[this.#at] = id;
    this.#isFound = true;
  }

  remove(key: Uint8Array): void {
    this.#find(key);
    assert(this.#isFound, "a key that is removed is here");
    const leaf = this.#leaf(this.#leafAt);
    leaf.ids.copyWithin(this.#at, this.#at + 1, leaf.count);
    leaf.count -= 1;
    this.#lastKey = null;
    if (leaf.count > 0 || this.#leaves.length === 1) return;
    this.#leaves.splice(this.#leafAt, 1);
    this.#bounds.splice(this.#leafAt, 1);
    this.#bounds[0] = FIRST;
  }

  /** The newest versions of the keys in a range. The index must not change meanwhile. */
  *in(from: Uint8Array, to: Uint8Array | null): Generator<VersionId, void, undefined> {
    this.#find(from);
    let at = this.#at;
    for (let leafAt = this.#leafAt; leafAt < this.#leaves.length; leafAt += 1) {
      const leaf = this.#leaf(leafAt);
      const isWhole =
        to === null || (leaf.count > 0 && this.#compare(to, leaf.ids[leaf.count - 1] as number) > 0);
      for (; at < leaf.count; at += 1) {
        const id = leaf.ids[at] as number;
        if (!isWhole && this.#compare(to, id) <= 0) return;
        yield id;
      }
      at = 0;
    }
  }

  /** The place of the first key that is not before `key`. */
  #find(key: Uint8Array): void {
    if (key === this.#lastKey) return;
    this.#leafAt = lastAtMost(this.#bounds, textOf(key));
    const leaf = this.#leaf(this.#leafAt);
    let low = 0;
    let high = leaf.count;
    this.#isFound = false;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(key, leaf.ids[middle] as number);
      if (order === 0) {
        this.#isFound = true;
        low = middle;
        break;
      }
      if (order > 0) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
    this.#lastKey = key;
  }

  #compare(key: Uint8Array, id: VersionId): number {
    const slot = this.#versions.slotOf(id);
    assert(slot >= 0, "the index names versions that exist");
    return this.#versions.segment.compareKey(key, slot);
  }

  /** Makes room for one key where `find` looked. */
  #insert(key: Uint8Array): void {
    let leaf = this.#leaf(this.#leafAt);
    if (leaf.count === LEAF_MAX) {
      // Keys that come in order fill their leaves.
      const isLast = this.#leafAt === this.#leaves.length - 1 && this.#at === LEAF_MAX;
      const kept = isLast ? LEAF_MAX : LEAF_MAX / 2;
      const next = { ids: new Float64Array(LEAF_MAX), count: LEAF_MAX - kept };
      next.ids.set(leaf.ids.subarray(kept));
      leaf.count = kept;
      this.#leaves.splice(this.#leafAt + 1, 0, next);
      this.#bounds.splice(this.#leafAt + 1, 0, this.#boundOf(next, key));
      if (this.#at > kept || isLast) {
        this.#leafAt += 1;
        this.#at -= kept;
        leaf = next;
      }
    }
    leaf.ids.copyWithin(this.#at + 1, this.#at, leaf.count);
    leaf.count += 1;
  }

  /** An empty leaf is about to get `key`. */
  #boundOf({ ids, count }: Leaf, key: Uint8Array): string {
    if (count === 0) return textOf(key);
    const slot = this.#versions.slotOf(ids[0] as number);
    assert(slot >= 0, "the index names versions that exist");
    return textOf(this.#versions.segment.read(slot).key);
  }

  #leaf(at: number): Leaf {
    return this.#leaves[at] as Leaf;
  }
}
