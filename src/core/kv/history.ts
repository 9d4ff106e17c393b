// All versions of all keys since the last compaction, in order of revision, and for each key its newest version. What
// must stay true: each version knows the one of the same key before it, and the revision of the one after it.

import { assert } from "../base/assert.ts";
import type { Lanes } from "../fleet/tables/row-hash.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { hashVersion } from "./digest.ts";
import type { KeyRange } from "./key-bytes.ts";
import { KeyIndex } from "./key-index.ts";
import type { Kept, ReadBudget } from "./read-budget.ts";
import { type Segment, VERSION_BYTES, type VersionId } from "./segment.ts";
import { NO_VERSION, VersionLog } from "./version-log.ts";

/** A deletion is a version without a creation. */
export function isTombstone({ createRevision }: Pick<KeyValue, "createRevision">): boolean {
  return createRevision === 0;
}

/** What one slice of a pass over memory looks at: some 0.2 ms of work. */
const RECHECKED_MAX = 256;
const RECHECKED_BYTES_MAX = 128 * 1024;

export interface StoredVersion {
  readonly kv: KeyValue;
  /** Of the revision's changes, counted from 0. */
  readonly sub: number;
  /** The revision of the version after this one; Infinity while it is the newest. */
  readonly endedAt: number;
  /** The version of the same key before it. */
  readonly before: VersionId;
  /** Half of its hash, as it was appended. */
  readonly hash: number;
}

/** Versions that later changes and compactions leave alone. */
export interface CapturedVersions {
  /** In order. */
  all(): Iterable<StoredVersion>;
}

/** Which of many keys is wanted. */
export interface Ranking {
  readonly number: "createRevision" | "modRevision" | "version";
  /** 1: the lowest; -1: the highest. */
  readonly sign: 1 | -1;
  readonly passes: (modRevision: number, createRevision: number) => boolean;
}

export interface Best {
  readonly count: number;
  readonly passing: number;
  readonly kv: KeyValue | null;
}

export class History {
  readonly #versions = new VersionLog();
  readonly #index = new KeyIndex(this.#versions);
  #compacted = -1;
  #keys = 0;
  /** Of the keys that exist now. */
  #keyBytes = 0;

  /** How many keys exist now. */
  get keyCount(): number {
    return this.#keys;
  }

  /** What deleting all keys would add: a deletion is a version with the key. */
  get deletionBytes(): number {
    return this.#keys * VERSION_BYTES + this.#keyBytes;
  }

  /** Adds the next version of a key; returns its hash. Its revision is at least that of all others. */
  append(kv: KeyValue, sub: number, hash: Lanes = hashVersion(kv, sub)): Lanes {
    const before = this.#index.get(kv.key);
    const id = this.#versions.append(kv, sub, before, hash.low);
    if (!isTombstone(kv)) this.#count(kv.key, 1);
    if (before !== NO_VERSION) {
      const slot = this.#versions.slotOf(before);
      assert(slot >= 0, "a key's newest version exists");
      if (!this.#versions.segment.isTombstone(slot)) this.#count(kv.key, -1);
      this.#versions.segment.end(slot, kv.modRevision);
    }
    this.#index.set(kv.key, id);
    return hash;
  }

  /** The version that was current at the end of a revision; a deletion counts as none. */
  at(key: Uint8Array, revision: number): KeyValue | null {
    const slot = this.#slotAt(this.#index.get(key), revision);
    return slot < 0 ? null : this.#versions.segment.read(slot);
  }

  /** The keys that exist at the end of a revision, in order. A budget is charged for the others, and ends it. */
  *in({ from, to }: KeyRange, revision: number, budget?: ReadBudget): Generator<KeyValue, void, undefined> {
    for (const id of this.#index.in(from, to)) {
      const slot = this.#slotAt(id, revision);
      if (slot >= 0) yield this.#versions.segment.read(slot);
      else budget?.visitAbsent();
      if (budget?.isOver) return;
    }
  }

  /** How many keys exist in a range, and the first ones of them. */
  collect({ from, to }: KeyRange, revision: number, keepsMax: number): { kvs: KeyValue[]; count: number } {
    const kvs: KeyValue[] = [];
    let count = 0;
    for (const id of this.#index.in(from, to)) {
      const slot = this.#slotAt(id, revision);
      if (slot < 0) continue;
      count += 1;
      if (kvs.length < keepsMax) kvs.push(this.#versions.segment.read(slot));
    }
    return { kvs, count };
  }

  /**
   * How many keys exist in a range, and how many of them pass. Of these, the one whose number is the lowest, or the highest:
   * the first one of equals. It makes no object for a key.
   */
  best({ from, to }: KeyRange, revision: number, { number, sign, passes }: Ranking): Best {
    let [count, passing, best, bestId] = [0, 0, 0, NO_VERSION];
    for (const id of this.#index.in(from, to)) {
      const slot = this.#slotAt(id, revision);
      if (slot < 0) continue;
      count += 1;
      const { segment } = this.#versions;
      if (!passes(segment.modRevision(slot), segment.createRevision(slot))) continue;
      passing += 1;
      const own = segment[number](slot);
      if (bestId !== NO_VERSION && sign * (own - best) >= 0) continue;
      [best, bestId] = [own, segment.idAt(slot)];
    }
    return { count, passing, kv: bestId === NO_VERSION ? null : this.#read(bestId) };
  }

  /** Charges what `collect` would look at and keep, without making it. */
  measure({ from, to }: KeyRange, revision: number, kept: Kept, budget: ReadBudget): void {
    let count = 0;
    for (const id of this.#index.in(from, to)) {
      if (budget.isOver || (count >= kept.keysMax && !budget.countsKeys)) return;
      const slot = this.#slotAt(id, revision);
      if (slot < 0) {
        budget.visitAbsent();
        continue;
      }
      budget.visit();
      if (kept.areDeleted) budget.delete(this.#versions.segment.sizeOf(slot, true));
      if (count < kept.keysMax) budget.keep(this.#versions.segment.sizeOf(slot, kept.keysOnly));
      count += 1;
    }
  }

  /** The bytes of a version; 0 if there is none or it was dropped. */
  sizeOf(id: VersionId): number {
    const slot = id === NO_VERSION ? -1 : this.#versions.slotOf(id);
    return slot < 0 ? 0 : this.#versions.segment.sizeOf(slot);
  }

  /** All versions from a revision on, in order; of the revision itself those from its change `sub` on. */
  *since(revision: number, sub = 0): Generator<StoredVersion, void, undefined> {
    const { segments, lastCount } = this.#versions.capture();
    const first = this.#versions.firstSince(revision, sub);
    yield* pass(segments, lastCount, { first, since: revision, sub, compacted: this.#compacted });
  }

  /** From now on there are no reads before this revision. The space is freed by `sweep`. */
  compact(revision: number): void {
    this.#compacted = revision;
    this.#versions.beginSweep();
  }

  /** A bounded part of the work that compactions left, of at most a millisecond. */
  sweep(): void {
    this.#versions.sweep(this.#compacted, (segment, slot) => this.#dropTombstone(segment, slot));
  }

  /**
   * Hashes some versions from `from` on anew. `next`: where the next call continues; null = the end. `damaged`: the first
   * version that is not as it was appended.
   */
  recheck(from: VersionId): { readonly next: VersionId | null; readonly damaged: KeyValue | null } {
    let place = this.#versions.placeFrom(from);
    let bytes = 0;
    for (let seen = 0; place !== null && seen < RECHECKED_MAX && bytes < RECHECKED_BYTES_MAX; seen += 1) {
      const { segment, slot } = place;
      const kv = segment.read(slot);
      const id = segment.idAt(slot);
      if (hashVersion(kv, segment.sub(slot)).low !== segment.hashAt(slot)) return { next: id, damaged: kv };
      bytes += kv.key.length + kv.value.length;
      place = slot + 1 < segment.count ? { segment, slot: slot + 1 } : this.#versions.placeFrom(id + 1);
    }
    return { next: place === null ? null : place.segment.idAt(place.slot), damaged: null };
  }

  /** How many versions take space, with those that are over and not freed. */
  get storedVersions(): number {
    return this.#versions.capture().segments.reduce((sum, { count }) => sum + count, 0);
  }

  /** The memory that the versions take, with those that are over and not freed. The index of keys comes on top. */
  get reservedBytes(): number {
    return this.#versions.reservedBytes;
  }

  /** The versions of now. */
  capture(): CapturedVersions {
    const { segments, lastCount } = this.#versions.capture();
    const compacted = this.#compacted;
    return { all: () => pass(segments, lastCount, { first: 0, since: 0, sub: 0, compacted }) };
  }

  /** The keys of now that have a lease. */
  *leased(): Generator<KeyValue, void, undefined> {
    for (const segment of this.#versions.capture().segments) {
      for (let slot = 0; slot < segment.count; slot += 1) {
        const isNewest = segment.endedAt(slot) === Number.POSITIVE_INFINITY;
        if (isNewest && segment.hasLease(slot)) yield segment.read(slot);
      }
    }
  }

  /** A key whose newest version is a deletion that no read sees is forgotten. */
  #dropTombstone(segment: Segment, slot: number): void {
    const { key } = segment.read(slot);
    if (this.#index.get(key) === segment.idAt(slot)) this.#index.remove(key);
  }

  #count(key: Uint8Array, change: 1 | -1): void {
    this.#keys += change;
    this.#keyBytes += change * key.length;
  }

  #read(id: VersionId): KeyValue {
    const slot = this.#versions.slotOf(id);
    assert(slot >= 0, "a version that was just seen is there");
    return this.#versions.segment.read(slot);
  }

  /** Where `newest` or a version before it was current at the end of a revision; -1 if the key did not exist. */
  #slotAt(newest: VersionId, revision: number): number {
    const versions = this.#versions;
    const slot = versions.slotAt(newest, revision);
    return slot >= 0 && versions.segment.isTombstone(slot) ? -1 : slot;
  }
}

interface Part {
  /** The first segment. */
  readonly first: number;
  readonly since: number;
  /** Of that revision, the first change. */
  readonly sub: number;
  readonly compacted: number;
}

function* pass(
  segments: readonly Segment[],
  lastCount: number,
  { first, since, sub: firstSub, compacted }: Part,
): Generator<StoredVersion, void, undefined> {
  for (let at = first; at < segments.length; at += 1) {
    const segment = segments[at] as Segment;
    const count = at === segments.length - 1 ? lastCount : segment.count;
    for (let slot = 0; slot < count; slot += 1) {
      if (segment.isBefore(slot, since, firstSub) || segment.isOver(slot, compacted)) continue;
      const [sub, endedAt, before] = [segment.sub(slot), segment.endedAt(slot), segment.before(slot)];
      yield { kv: segment.read(slot), sub, endedAt, before, hash: segment.hashAt(slot) };
    }
  }
}
