// A stretch of the history in a few typed arrays, outside V8's heap: a million versions are some hundreds of objects.
// What must stay true: a version's bytes and numbers never change, except for the revision at which the next version of
// its key followed. So a holder of a segment may read it while the history grows and is compacted. Half of each version's
// hash is kept, so that a pass over memory finds one that has changed (ADR-0070).

import { assert } from "../base/assert.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { NATIVE_MIN } from "./key-bytes.ts";

/** Counts the versions in the order of their making. Only this replica's: a snapshot does not carry it. */
export type VersionId = number;

/** A segment is full at this many versions, or when the next one's bytes don't fit. */
export const VERSIONS_MAX = 4_096;
export const BYTES_MAX = 1024 * 1024;
const VERSIONS_MIN = 64;
const BYTES_MIN = 4_096;

// The fields of a version: numbers of 64 bits, and words of 32 bits.
const NUMBERS = 6;
const MOD = 0;
const CREATE = 1;
const VERSION = 2;
const BEFORE = 3;
const ENDED = 4;
const JUMP = 5;
const WORDS = 8;
const OFFSET = 0;
const KEY_LENGTH = 1;
const VALUE_LENGTH = 2;
const SUB = 3;
const LEASE_LOW = 4;
const LEASE_HIGH = 5;
const HASH = 6;
const SPAN = 7;

/** What a version takes beside its key and value. */
export const VERSION_BYTES = NUMBERS * 8 + WORDS * 4;

const UINT32 = 0x1_0000_0000;

/** Earlier versions of the same key. A key's first version has `NO_VERSION` in their place. */
export interface Links {
  /** The one before. */
  readonly before: VersionId;
  /** The one that is `span` versions back. */
  readonly jump: VersionId;
  readonly span: number;
}

export class Segment {
  /** The ids of one segment differ by at most this. */
  static readonly IDS_MAX = UINT32 - 1;

  readonly firstId: VersionId;
  /** Of each version, its id minus `firstId`; null while none has been dropped. */
  readonly #ids: Uint32Array | null;
  #numbers: Float64Array;
  #words: Uint32Array;
  #bytes: Uint8Array;
  #count = 0;
  #bytesUsed = 0;

  /** An empty one for the versions from `firstId` on. A large one reserves its space at once. */
  constructor(firstId: VersionId, isLarge: boolean, ids: Uint32Array | null = null) {
    this.firstId = firstId;
    this.#ids = ids;
    const versions = isLarge ? VERSIONS_MAX : VERSIONS_MIN;
    this.#numbers = new Float64Array(versions * NUMBERS);
    this.#words = new Uint32Array(versions * WORDS);
    this.#bytes = new Uint8Array(isLarge ? BYTES_MAX : BYTES_MIN);
  }

  /** The versions of neighbours that a compaction leaves, in as little space as they need; null if it leaves none. */
  static joined(parts: readonly Segment[], compacted: number): Segment | null {
    const first = parts[0];
    assert(first !== undefined, "a segment is made of one or more");
    const kept: { part: Segment; slots: number[] }[] = [];
    let count = 0;
    let size = 0;
    for (const part of parts) {
      const slots: number[] = [];
      for (let slot = 0; slot < part.#count; slot += 1) {
        if (part.isOver(slot, compacted)) continue;
        slots.push(slot);
        size += part.sizeOf(slot);
      }
      kept.push({ part, slots });
      count += slots.length;
    }
    if (count === 0) return null;
    const joined = new Segment(first.firstId, false, new Uint32Array(count));
    joined.#reserve(count, size);
    for (const { part, slots } of kept) for (const slot of slots) joined.#copy(part, slot);
    return joined;
  }

  get count(): number {
    return this.#count;
  }

  get bytesUsed(): number {
    return this.#bytesUsed;
  }

  /** What it has reserved, in bytes. */
  get reservedBytes(): number {
    return this.#bytes.byteLength + this.#numbers.byteLength + this.#words.byteLength;
  }

  /** Whether it is full for a version with this many bytes. */
  isFullFor(size: number): boolean {
    return this.#count >= VERSIONS_MAX || (this.#count > 0 && this.#bytesUsed + size > BYTES_MAX);
  }

  /** `hash`: of the version, as `hashAt` answers it. */
  append(kv: KeyValue, sub: number, { before, jump, span }: Links, hash: number): void {
    const { key, value, lease } = kv;
    const size = key.length + value.length;
    this.#reserve(this.#count + 1, this.#bytesUsed + size);
    const slot = this.#count;
    const numbers = slot * NUMBERS;
    this.#numbers[numbers + MOD] = kv.modRevision;
    this.#numbers[numbers + CREATE] = kv.createRevision;
    this.#numbers[numbers + VERSION] = kv.version;
    this.#numbers[numbers + BEFORE] = before;
    this.#numbers[numbers + ENDED] = Number.POSITIVE_INFINITY;
    this.#numbers[numbers + JUMP] = jump;
    const words = slot * WORDS;
    this.#words[words + OFFSET] = this.#bytesUsed;
    this.#words[words + KEY_LENGTH] = key.length;
    this.#words[words + VALUE_LENGTH] = value.length;
    this.#words[words + SUB] = sub;
    this.#words[words + HASH] = hash;
    this.#words[words + SPAN] = span;
    if (lease !== "0") {
      const id = BigInt(lease);
      this.#words[words + LEASE_LOW] = Number(BigInt.asUintN(32, id));
      this.#words[words + LEASE_HIGH] = Number(BigInt.asUintN(32, id >> 32n));
    }
    this.#bytes.set(key, this.#bytesUsed);
    this.#bytes.set(value, this.#bytesUsed + key.length);
    this.#bytesUsed += size;
    this.#count += 1;
  }

  /** The place of a version; -1 if it was dropped or never here. */
  slotOf(id: VersionId): number {
    const wanted = id - this.firstId;
    if (this.#ids === null) return wanted >= 0 && wanted < this.#count ? wanted : -1;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#ids[low] === wanted ? low : -1;
  }

  /** The place of the first version at or after `id`; `count` if all are before it. */
  slotFrom(id: VersionId): number {
    if (this.#ids === null) return Math.min(Math.max(id - this.firstId, 0), this.#count);
    let slot = 0;
    while (slot < this.#count && this.idAt(slot) < id) slot += 1;
    return slot;
  }

  idAt(slot: number): VersionId {
    return this.firstId + (this.#ids === null ? slot : (this.#ids[slot] as number));
  }

  modRevision(slot: number): number {
    return this.#numbers[slot * NUMBERS + MOD] as number;
  }

  createRevision(slot: number): number {
    return this.#numbers[slot * NUMBERS + CREATE] as number;
  }

  version(slot: number): number {
    return this.#numbers[slot * NUMBERS + VERSION] as number;
  }

  isTombstone(slot: number): boolean {
    return this.#numbers[slot * NUMBERS + CREATE] === 0;
  }

  before(slot: number): VersionId {
    return this.#numbers[slot * NUMBERS + BEFORE] as number;
  }

  jump(slot: number): VersionId {
    return this.#numbers[slot * NUMBERS + JUMP] as number;
  }

  span(slot: number): number {
    return this.#words[slot * WORDS + SPAN] as number;
  }

  /** The revision of the key's next version; Infinity while there is none. */
  endedAt(slot: number): number {
    return this.#numbers[slot * NUMBERS + ENDED] as number;
  }

  end(slot: number, revision: number): void {
    assert(this.endedAt(slot) === Number.POSITIVE_INFINITY, "a version is followed by one other");
    this.#numbers[slot * NUMBERS + ENDED] = revision;
  }

  sub(slot: number): number {
    return this.#words[slot * WORDS + SUB] as number;
  }

  /** As it was appended; a copy in another segment has it, too. */
  hashAt(slot: number): number {
    return this.#words[slot * WORDS + HASH] as number;
  }

  hasLease(slot: number): boolean {
    const words = slot * WORDS;
    return this.#words[words + LEASE_LOW] !== 0 || this.#words[words + LEASE_HIGH] !== 0;
  }

  /** Whether it was made before a change of a revision. */
  isBefore(slot: number, revision: number, sub: number): boolean {
    const own = this.modRevision(slot);
    return own < revision || (own === revision && this.sub(slot) < sub);
  }

  /** Whether no read at the compaction's revision or later can see it. A deletion at that revision stays, as in etcd. */
  isOver(slot: number, compacted: number): boolean {
    const numbers = slot * NUMBERS;
    if ((this.#numbers[numbers + ENDED] as number) <= compacted) return true;
    return this.#numbers[numbers + CREATE] === 0 && (this.#numbers[numbers + MOD] as number) < compacted;
  }

  countOver(compacted: number): number {
    let over = 0;
    for (let slot = 0; slot < this.#count; slot += 1) if (this.isOver(slot, compacted)) over += 1;
    return over;
  }

  /** How `key` sorts against the key of a version. */
  compareKey(key: Uint8Array, slot: number): number {
    const bytes = this.#bytes;
    const words = slot * WORDS;
    const offset = this.#words[words + OFFSET] as number;
    const keyLength = this.#words[words + KEY_LENGTH] as number;
    const length = Math.min(key.length, keyLength);
    if (length >= NATIVE_MIN) return Buffer.compare(key, bytes.subarray(offset, offset + keyLength));
    for (let at = 0; at < length; at += 1) {
      const difference = (key[at] as number) - (bytes[offset + at] as number);
      if (difference !== 0) return difference;
    }
    return key.length - keyLength;
  }

  /** The key and the value share the segment's memory. */
  read(slot: number): KeyValue {
    const numbers = slot * NUMBERS;
    const words = slot * WORDS;
    const keyAt = this.#words[words + OFFSET] as number;
    const valueAt = keyAt + (this.#words[words + KEY_LENGTH] as number);
    return {
      key: this.#bytes.subarray(keyAt, valueAt),
      createRevision: this.#numbers[numbers + CREATE] as number,
      modRevision: this.#numbers[numbers + MOD] as number,
      version: this.#numbers[numbers + VERSION] as number,
      value: this.#bytes.subarray(valueAt, valueAt + (this.#words[words + VALUE_LENGTH] as number)),
      lease: this.hasLease(slot) ? this.#lease(words) : "0",
    };
  }

  /** The bytes of its key, and of its value. */
  sizeOf(slot: number, keyOnly = false): number {
    const words = slot * WORDS;
    const valueBytes = keyOnly ? 0 : (this.#words[words + VALUE_LENGTH] as number);
    return (this.#words[words + KEY_LENGTH] as number) + valueBytes;
  }

  #lease(words: number): string {
    const low = this.#words[words + LEASE_LOW] as number;
    const high = this.#words[words + LEASE_HIGH] as number;
    return BigInt.asIntN(64, BigInt(high) * BigInt(UINT32) + BigInt(low)).toString();
  }

  /** Makes room. A capture that holds the smaller arrays still has all that it saw. */
  #reserve(versions: number, size: number): void {
    if (versions * NUMBERS > this.#numbers.length) {
      const room = this.#ids === null ? Math.min(VERSIONS_MAX, versions * 2) : versions;
      const numbers = new Float64Array(room * NUMBERS);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
      const words = new Uint32Array(room * WORDS);
      words.set(this.#words);
      this.#words = words;
    }
    if (size <= this.#bytes.length) return;
    const bytes = new Uint8Array(this.#ids === null ? Math.max(size, Math.min(BYTES_MAX, size * 2)) : size);
    bytes.set(this.#bytes.subarray(0, this.#bytesUsed));
    this.#bytes = bytes;
  }

  #copy(from: Segment, slot: number): void {
    const ids = this.#ids;
    assert(ids !== null, "versions are copied into a segment with a list of ids");
    const to = this.#count;
    const offset = from.idAt(slot) - this.firstId;
    assert(offset >= 0 && offset <= Segment.IDS_MAX, "a segment's ids are near each other");
    ids[to] = offset;
    const numbers = slot * NUMBERS;
    this.#numbers.set(from.#numbers.subarray(numbers, numbers + NUMBERS), to * NUMBERS);
    const words = slot * WORDS;
    this.#words.set(from.#words.subarray(words, words + WORDS), to * WORDS);
    this.#words[to * WORDS + OFFSET] = this.#bytesUsed;
    const start = from.#words[words + OFFSET] as number;
    const size = from.sizeOf(slot);
    this.#bytes.set(from.#bytes.subarray(start, start + size), this.#bytesUsed);
    this.#bytesUsed += size;
    this.#count += 1;
  }
}
