// etcd's keys, revisions and leases in memory, for tests of the log. It checks each append as it takes effect.

import { LogKeys } from "../../../src/core/etcd-log/log-keys.ts";
import { readBatch, viewOf } from "../../../src/core/etcd-log/records.ts";
import type {
  Batch,
  Condition,
  Fetched,
  GuardedWrite,
  StoredKey,
  View,
  WriteAnswer,
} from "../../../src/core/etcd-log/vocabulary.ts";
import { EtcdBatch } from "../../../src/core/wire/gen/fleet/v1/etcd_log.ts";

export class FakeEtcd {
  readonly keys = new LogKeys("/fleet/test/");
  readonly #stored = new Map<string, StoredKey>();
  readonly #leases = new Set<string>();
  #revision = 1;
  #granted = 0;
  /** How many writes were refused. */
  refused = 0;

  grant(): string {
    this.#granted += 1;
    this.#leases.add(String(this.#granted));
    return String(this.#granted);
  }

  holds(lease: string): boolean {
    return this.#leases.has(lease);
  }

  expire(lease: string): void {
    this.#leases.delete(lease);
    for (const stored of [...this.#stored.values()]) if (stored.lease === lease) this.#erase(stored.key);
  }

  view(): View {
    return viewOf(this.keys, this.#revision, [...this.#stored.values()]);
  }

  write({ conditions, puts, erases }: GuardedWrite): WriteAnswer {
    const isRefused = !conditions.every((condition) => this.#holds(condition));
    // etcd refuses a transaction that names a lease which has ended.
    const isLate = puts.some(({ lease }) => lease !== undefined && !this.#leases.has(lease));
    if (isRefused || isLate) {
      this.refused += 1;
      return { kind: "refused", view: this.view() };
    }
    const before = this.view().head?.index ?? 0;
    this.#revision += 1;
    for (const { key, value, lease } of puts) {
      const created = this.#stored.get(key)?.created ?? this.#revision;
      this.#stored.set(key, { key, value, created, lease: lease ?? "0" });
    }
    for (const key of erases) this.#stored.delete(key);
    const after = this.view().head?.index ?? 0;
    if (after < before) throw new Error(`the log went back from ${before} to ${after}`);
    return { kind: "done", revision: this.#revision };
  }

  /** At most `limit` batches from the one with the index on. */
  fetch(from: number, limit = 3): Batch[] {
    return [...this.#stored.values()]
      .filter(({ key }) => key >= this.keys.batch(from) && key < this.keys.logEnd)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, limit)
      .map((stored) => this.#batch(stored));
  }

  fetched(from: number, limit?: number): Fetched {
    return { revision: this.#revision, batches: this.fetch(from, limit) };
  }

  /** Deletes batches that end at or before the index. */
  trim(through: number): void {
    for (const key of [...this.#stored.keys()]) {
      if (key >= this.keys.batch(0) && key <= this.keys.batch(through)) this.#erase(key);
    }
  }

  eraseRange(from: string, end: string): void {
    for (const key of [...this.#stored.keys()]) if (key >= from && key < end) this.#erase(key);
  }

  find(key: string): StoredKey | undefined {
    return this.#stored.get(key);
  }

  get sizes(): number[] {
    return [...this.#stored.values()].map(({ value }) => value.length);
  }

  #batch(stored: StoredKey): Batch {
    const batch = readBatch(stored);
    if (!("parts" in batch)) return batch;
    const last = Number(stored.key.slice(-16));
    const parts = Array.from({ length: batch.parts }, (_, at) => {
      const part = this.#stored.get(this.keys.part(last as never, batch.term, at));
      if (part === undefined) throw new Error("a visible batch has all its parts");
      return part.value;
    });
    const whole = EtcdBatch.decode(Buffer.concat(parts));
    return { term: batch.term, first: whole.firstIndex as never, commands: whole.commands };
  }

  #erase(key: string): void {
    this.#revision += 1;
    this.#stored.delete(key);
  }

  #holds(condition: Condition): boolean {
    const stored = this.#stored.get(condition.key);
    switch (condition.kind) {
      case "absent":
        return stored === undefined;
      case "created":
        return stored?.created === condition.revision;
      case "equals":
        return stored !== undefined && Buffer.compare(stored.value, condition.value) === 0;
    }
  }
}
