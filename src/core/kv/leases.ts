// The leases, and which keys each has. When a lease ends is not replicated: that is the leader's clock (lease-clock.ts).
// What must stay true: a key is attached to the lease of its newest version, and to no other.

import { assert, present } from "../base/assert.ts";
import { OrderedMap } from "../fleet/tables/ordered-map.ts";
import type { KeyError } from "./key-error.ts";

/** Of etcd: some 285 years. */
const TTL_SECONDS_MAX = 9_000_000_000;
/** Of etcd with its default timeouts: one and a half election timeouts, in whole seconds. */
const TTL_SECONDS_MIN = 2;

export const NO_LEASE = "0";

/** An id as etcd's clients name it: a whole number of 64 bits with a sign. */
export type LeaseId = string;

export interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** Counts all grants, so that a second lease of the same id is another one. */
  readonly grant: number;
}

interface Row {
  readonly lease: Lease;
  /** As texts with one character a byte. */
  readonly keys: Set<string>;
}

export class Leases {
  readonly #rows = new Map<LeaseId, Row>();
  /** The same by the numbers of their grants, so that a copy costs O(1). */
  readonly #byGrant = new OrderedMap<number, Lease>();
  #grants = 0;
  /** The newest leader that took the leases over. */
  #term = 0;

  get grants(): number {
    return this.#grants;
  }

  get term(): number {
    return this.#term;
  }

  get size(): number {
    return this.#rows.size;
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
    this.#grants += 1;
    return this.#add({ id, ttlSeconds: Math.max(ttlSeconds, TTL_SECONDS_MIN), grant: this.#grants });
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

  attach(id: LeaseId, key: string): void {
    present(this.#rows.get(id), "a put names a lease that exists").keys.add(key);
  }

  detach(id: LeaseId, key: string): void {
    const had = present(this.#rows.get(id), "a key's lease exists").keys.delete(key);
    assert(had, "a key is attached to the lease of its newest version");
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
  restore({ id, ttlSeconds, grant }: Lease): boolean {
    if (this.#rows.has(id) || this.#byGrant.get(grant) !== undefined) return false;
    this.#add({ id, ttlSeconds, grant });
    return true;
  }

  restoreCounts(grants: number, term: number): void {
    this.#grants = grants;
    this.#term = term;
  }

  #add(lease: Lease): Lease {
    this.#rows.set(lease.id, { lease, keys: new Set() });
    this.#byGrant.set(lease.grant, lease);
    return lease;
  }
}
