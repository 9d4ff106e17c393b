// All versions of all keys since the last compaction, in order of revision, and for each key its newest version. What
// must stay true: a version never changes. It only learns at which revision a newer one followed.

import { assert, present } from "../base/assert.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { type KeyRange, textOf } from "./key-bytes.ts";
import { NO_LEASE } from "./leases.ts";

/** Counts the versions in the order of their making. */
export type VersionId = number;

const NO_VERSION: VersionId = -1;

export interface NewVersion {
  readonly kv: KeyValue;
  /** Of the revision's changes, counted from 0. */
  readonly sub: number;
}

/** A deletion is a version without a creation. */
export function isTombstone({ createRevision }: Pick<KeyValue, "createRevision">): boolean {
  return createRevision === 0;
}

interface Version extends NewVersion {
  /** The version of the same key before this one. */
  readonly before: VersionId;
  /** The revision of the version after this one; Infinity while it is the newest. */
  endedAt: number;
}

export interface CapturedVersions {
  /** In order. */
  all(): Iterable<NewVersion & { readonly endedAt: number }>;
}

export class History {
  readonly #versions: (Version | undefined)[] = [];
  readonly #newest = new Map<string, VersionId>();
  /** In order. */
  readonly #keys: string[] = [];

  /** Adds the next version of a key. Its revision is at least that of all others. */
  append(kv: KeyValue, sub: number): void {
    const key = textOf(kv.key);
    const before = this.#newest.get(key);
    const id = this.#versions.length;
    if (before === undefined) this.#keys.splice(this.#find(key), 0, key);
    else present(this.#versions[before], "a key's newest version exists").endedAt = kv.modRevision;
    this.#versions.push({ kv, sub, before: before ?? NO_VERSION, endedAt: Number.POSITIVE_INFINITY });
    this.#newest.set(key, id);
  }

  /** The version that was current at the end of a revision; a deletion counts as none. */
  at(key: Uint8Array, revision: number): KeyValue | null {
    return this.#at(textOf(key), revision);
  }

  /** The keys that exist at the end of a revision, in order. */
  *in(range: KeyRange, revision: number): Generator<KeyValue, void, undefined> {
    const to = range.to === null ? null : textOf(range.to);
    for (let at = this.#find(textOf(range.from)); at < this.#keys.length; at += 1) {
      const key = this.#keys[at] as string;
      if (to !== null && key >= to) return;
      const kv = this.#at(key, revision);
      if (kv !== null) yield kv;
    }
  }

  /** All versions from a revision on, in order. */
  *since(revision: number): Generator<NewVersion, void, undefined> {
    for (const version of this.#versions) {
      if (version !== undefined && version.kv.modRevision >= revision) yield version;
    }
  }

  /** Drops what no read at `revision` or later can see. A deletion at `revision` stays, as in etcd. */
  compact(revision: number): void {
    for (const [id, version] of this.#versions.entries()) {
      if (version === undefined) continue;
      const isOver =
        version.endedAt <= revision || (isTombstone(version.kv) && version.kv.modRevision < revision);
      if (!isOver) continue;
      this.#versions[id] = undefined;
      const key = textOf(version.kv.key);
      if (this.#newest.get(key) !== id) continue;
      assert(isTombstone(version.kv), "a key that exists is not compacted");
      this.#newest.delete(key);
      this.#keys.splice(this.#find(key), 1);
    }
  }

  /** All versions of now. Later ones, and a compaction, leave this alone. */
  capture(): CapturedVersions {
    const kept = this.#versions.filter((version) => version !== undefined);
    return { all: () => kept };
  }

  /** The keys of now that have a lease. */
  *leased(): Generator<KeyValue, void, undefined> {
    for (const version of this.#versions) {
      const isNewest = version?.endedAt === Number.POSITIVE_INFINITY;
      if (version !== undefined && isNewest && version.kv.lease !== NO_LEASE) yield version.kv;
    }
  }

  #at(key: string, revision: number): KeyValue | null {
    for (let id = this.#newest.get(key) ?? NO_VERSION; id !== NO_VERSION; ) {
      const version = this.#versions[id];
      if (version === undefined) return null;
      if (version.kv.modRevision <= revision) return isTombstone(version.kv) ? null : version.kv;
      id = version.before;
    }
    return null;
  }

  /** The position of the first key that is not before `key`. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
