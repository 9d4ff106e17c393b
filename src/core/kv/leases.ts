// The leases, and which keys each has. When a lease ends is not replicated: that is the leader's clock (lease-clock.ts).
// What must stay true: a key is attached to the lease of its newest version, and to no other.

import { assert, present } from "../base/assert.ts";
import { OrderedMap } from "../fleet/tables/ordered-map.ts";
import type { PutRequest } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import { textOf } from "./key-bytes.ts";
import type { KeyError } from "./key-error.ts";

/** Of etcd: some 285 years. */
export const TTL_SECONDS_MAX = 9_000_000_000;
/** Of etcd with its default timeouts: one and a half election timeouts, in whole seconds. */
const TTL_SECONDS_MIN = 2;

/**
 * What one caller with a right to leases can do to every replica. A lease takes some 500 bytes of V8's heap, for as
 * long as 285 years. With 1 GB for the heap (process-memory.ts), some 100 MB of it. Kubernetes needs one for each node.
 */
export const LEASES_MAX = 200_000;
/** A lease's end deletes all of its keys in one turn: some 0.2 s. Kubernetes attaches at most 1 000. */
export const LEASE_KEYS_MAX = 20_000;

/** A key of a lease, beside its text: an object and its place in a set. */
const KEY_BYTES = 64;

export const NO_LEASE = "0";

/** An id as etcd's clients name it: a whole number of 64 bits with a sign. */
export type LeaseId = string;

export interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** Counts all grants, so that a second lease of the same id is another one. */
  readonly grant: number;
  /** The revision at which a key was attached last; 0: never, or before leases recorded it. */
  readonly attachedAt: number;
}

interface Row {
  lease: Lease;
  /** As texts with one character a byte. */
  readonly keys: Set<string>;
}

export class Leases {
  readonly #rows = new Map<LeaseId, Row>();
  /** The same by the numbers of their grants, so that a copy costs O(1). */
  readonly #byGrant = new OrderedMap<number, Lease>();
  #grants = 0;
  /** Of all keys of all leases. */
  #keyBytes = 0;
  /** The newest leader that took the leases over. */
  #term = 0;
  #trackedFrom = 0;

  get grants(): number {
    return this.#grants;
  }

  get term(): number {
    return this.#term;
  }

  /**
   * The revision from which on leases record when keys are attached, and have limits (ADR-0067). 0: logs of earlier builds
   * have leases without.
   */
  get trackedFrom(): number {
    return this.#trackedFrom;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** What the keys of leases take of V8's heap. */
  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** In the order of their grants. */
  all(): Iterable<Lease> {
    return this.#byGrant.values();
  }

  get(id: LeaseId): Lease | undefined {
    return this.#rows.get(id)?.lease;
  }

  /** The leases of now, which later changes leave alone. */
  capture(): Iterable<Lease> {
    const copy = this.#byGrant.clone();
    return { [Symbol.iterator]: () => copy.values() };
  }

  grant(id: LeaseId, ttlSeconds: number): Lease | KeyError {
    if (id === NO_LEASE) return "lease-not-found";
    if (ttlSeconds > TTL_SECONDS_MAX) return "lease-ttl-too-large";
    if (this.#rows.has(id)) return "lease-exists";
    if (this.#trackedFrom > 0 && this.#rows.size >= LEASES_MAX) return "too-many-leases";
    this.#grants += 1;
    const seconds = Math.max(ttlSeconds, TTL_SECONDS_MIN);
    return this.#add({ id, ttlSeconds: seconds, grant: this.#grants, attachedAt: 0 });
  }

  /** From the current revision on. */
  track(revision: number): void {
    assert(this.#trackedFrom === 0 && revision > 0, "leases begin once to record when keys are attached");
    this.#trackedFrom = revision;
  }

  /** Whether a key may have been attached to one of the leases after this revision. */
  haveChangedSince(revision: number, ids: ReadonlySet<LeaseId>): boolean {
    if (revision < this.#trackedFrom) return true;
    return [...ids].some((id) => (this.get(id)?.attachedAt ?? 0) > revision);
  }

  /** Whether the puts would attach more keys to a lease than it may have. They are applied together. */
  lackRoomFor(puts: Iterable<Pick<PutRequest, "key" | "lease">>): boolean {
    if (this.#trackedFrom === 0) return false;
    const fresh = new Map<LeaseId, number>();
    for (const { key, lease } of puts) {
      if (lease === NO_LEASE || this.hasKey(lease, textOf(key))) continue;
      const count = (fresh.get(lease) ?? 0) + 1;
      if (this.keyCountOf(lease) + count > LEASE_KEYS_MAX) return true;
      fresh.set(lease, count);
    }
    return false;
  }

  /** A leader's claim. Returns whether it is the newest one. */
  takeOver(term: number): boolean {
    if (term < this.#term) return false;
    this.#term = term;
    return true;
  }

  remove(id: LeaseId): void {
    const row = present(this.#rows.get(id), "a lease that is removed exists");
    assert(row.keys.size === 0, "the keys of a lease are deleted before it");
    this.#rows.delete(id);
    this.#byGrant.delete(row.lease.grant);
  }

  /** `revision`: of the put. */
  attach(id: LeaseId, key: string, revision: number): void {
    const row = present(this.#rows.get(id), "a put names a lease that exists");
    row.keys.add(key);
    this.#keyBytes += KEY_BYTES + key.length;
    if (this.#trackedFrom === 0 || row.lease.attachedAt === revision) return;
    // Another object, because captures have the one before.
    row.lease = { ...row.lease, attachedAt: revision };
    this.#byGrant.set(row.lease.grant, row.lease);
  }

  detach(id: LeaseId, key: string): void {
    const had = present(this.#rows.get(id), "a key's lease exists").keys.delete(key);
    assert(had, "a key is attached to the lease of its newest version");
    this.#keyBytes -= KEY_BYTES + key.length;
  }

  /** In the order of their bytes, in which etcd deletes them. */
  keysOf(id: LeaseId): readonly string[] {
    return this.unsortedKeysOf(id).sort();
  }

  /** A copy. */
  unsortedKeysOf(id: LeaseId): string[] {
    return [...(this.#rows.get(id)?.keys ?? [])];
  }

  hasKey(id: LeaseId, key: string): boolean {
    return this.#rows.get(id)?.keys.has(key) ?? false;
  }

  keyCountOf(id: LeaseId): number {
    return this.#rows.get(id)?.keys.size ?? 0;
  }

  /** For a key space that is being restored. False: it is there already. */
  restore({ id, ttlSeconds, grant, attachedAt }: Lease): boolean {
    if (this.#rows.has(id) || this.#byGrant.get(grant) !== undefined) return false;
    this.#add({ id, ttlSeconds, grant, attachedAt });
    return true;
  }

  /** The lease of a key's newest version, which a snapshot has. */
  restoreKey(id: LeaseId, key: string): void {
    present(this.#rows.get(id), "a key's lease is restored before it").keys.add(key);
    this.#keyBytes += KEY_BYTES + key.length;
  }

  restoreCounts(counts: {
    readonly grants: number;
    readonly term: number;
    readonly trackedFrom: number;
  }): void {
    this.#grants = counts.grants;
    this.#term = counts.term;
    this.#trackedFrom = counts.trackedFrom;
  }

  #add(lease: Lease): Lease {
    this.#rows.set(lease.id, { lease, keys: new Set() });
    this.#byGrant.set(lease.grant, lease);
    return lease;
  }
}
