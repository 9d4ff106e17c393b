// The shard's record in memory and on disk. A change is made in memory at once and is durable when
// `durable()` resolves; simultaneous changes share one write (group commit). Must stay true: nothing that
// depends on a change (an accepted session, a report) leaves the shard before the write that covers it.
// Decisions about bindings and domains are elsewhere (binding-table.ts, domain-table.ts).

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import { writeFileDurably } from "../base/durable-file.ts";
import { Exit, messageOf, OperatorError } from "../base/errors.ts";
import { isErrno } from "../base/system-error.ts";
import type { Allegiance } from "./allegiance.ts";
import type { Binding, BindingTable } from "./binding-table.ts";
import { EARLIER, ofEarlier, sessionEnded } from "./binding-table.ts";
import type { DomainRecord, DomainTable } from "./domain-table.ts";
import { domainName } from "./domain-table.ts";
import type { ShardRecord } from "./shard-file.ts";
import { decodeShardRecord, encodeShardRecord } from "./shard-file.ts";

type WriteFile = (path: string, bytes: Uint8Array) => Promise<void>;

export interface ShardStoreOptions {
  readonly dataDirectory: string;
  readonly shardId: string;
  readonly writeFile?: WriteFile;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export class ShardStore {
  readonly epoch: number;
  readonly #path: string;
  readonly #shardId: string;
  readonly #writeFile: WriteFile;
  readonly #bindings: Map<string, Binding>;
  readonly #domains: Map<string, DomainRecord>;
  #allegiance: Allegiance;
  #isDraining: boolean;
  // Changes are counted: each write covers all changes up to the count at its start.
  #changes = 1;
  #durableChanges = 0;
  #write: Promise<void> | null = null;

  /**
   * Opens or creates the record in the data directory, and stores a raised epoch. Throws an OperatorError.
   */
  static async open(options: ShardStoreOptions): Promise<ShardStore> {
    const path = join(options.dataDirectory, "bindings.json");
    const bytes = await readIfPresent(path);
    const store = new ShardStore(options, path, bytes === null ? null : decodeShardRecord(bytes, path));
    await store.durable();
    return store;
  }

  private constructor(options: ShardStoreOptions, path: string, before: ShardRecord | null) {
    if (before !== null && before.shardId !== options.shardId)
      throw foreign(path, before.shardId, options.shardId);
    this.#path = path;
    this.#shardId = options.shardId;
    this.#writeFile = options.writeFile ?? writeFileDurably;
    // If the record was lost with its disk, the clock still makes the epoch rise. Otherwise the coordinators
    // would treat every report of this shard as stale.
    this.epoch = Math.max((before?.epoch ?? 0) + 1, Math.floor((options.now ?? systemClock.wallMs)() / 1000));
    this.#allegiance = before?.allegiance ?? { incarnation: null, term: 0, givenUp: [] };
    this.#isDraining = before?.draining ?? false;
    // A start ends every session of the process before it.
    const bindings = [...(before?.bindings ?? [])];
    this.#bindings = new Map(bindings.map(([cluster, binding]) => [cluster, sessionEnded(binding)]));
    this.#domains = new Map(before?.domains);
  }

  get bindings(): BindingTable {
    return this.#bindings;
  }

  get domains(): DomainTable {
    return this.#domains;
  }

  /** The leader and incarnation that the shard obeys. */
  get allegiance(): Allegiance {
    return this.#allegiance;
  }

  /** Whether unknown clusters are refused, by a coordinator's last answer. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Returns whether that changed the record. */
  setDraining(isDraining: boolean): boolean {
    if (this.#isDraining === isDraining) return false;
    this.#isDraining = isDraining;
    this.#changes += 1;
    return true;
  }

  /** Replaces a cluster's record; returns whether that changed anything. */
  set(cluster: string, binding: Binding): boolean {
    if (this.#bindings.get(cluster) === binding) return false;
    this.#bindings.set(cluster, binding);
    this.#changes += 1;
    return true;
  }

  /** Drops a cluster's record. */
  forget(cluster: string): void {
    if (this.#bindings.delete(cluster)) this.#changes += 1;
  }

  setDomain(record: DomainRecord): void {
    this.#domains.set(domainName(record), record);
    this.#changes += 1;
  }

  /**
   * Stores a newer leader's term of the incarnation. Changes are rare, and a forgotten one would let an
   * outdated leader in.
   */
  obey(allegiance: Allegiance): void {
    const { incarnation, term } = this.#allegiance;
    const isSame = incarnation === null || incarnation.id === allegiance.incarnation?.id;
    assert(isSame && allegiance.term >= term, "terms are compared in one incarnation, and only rise");
    const isKnown = allegiance.term === term && allegiance.incarnation?.epoch === incarnation?.epoch;
    if (isKnown && allegiance.incarnation?.id === incarnation?.id) return;
    this.#allegiance = allegiance;
    this.#changes += 1;
  }

  /** Obeys another incarnation: from now on everything from the old one counts as older. */
  begin(allegiance: Allegiance): void {
    this.#allegiance = allegiance;
    for (const [cluster, binding] of this.#bindings) this.#bindings.set(cluster, ofEarlier(binding));
    for (const [name, record] of this.#domains) {
      this.#domains.set(name, { ...record, sequence: Math.min(record.sequence, EARLIER) });
    }
    this.#changes += 1;
  }

  /**
   * Resolves when every change made so far is on disk. Rejects if the write fails; the next call tries again.
   */
  async durable(): Promise<void> {
    const wanted = this.#changes;
    while (this.#durableChanges < wanted) {
      this.#write ??= this.#writeAll().finally(() => {
        this.#write = null;
      });
      await this.#write;
    }
  }

  async #writeAll(): Promise<void> {
    const covered = this.#changes;
    const record = {
      shardId: this.#shardId,
      epoch: this.epoch,
      allegiance: this.#allegiance,
      draining: this.#isDraining,
      bindings: this.#bindings,
      domains: this.#domains,
    };
    await this.#writeFile(this.#path, encodeShardRecord(record));
    assert(covered > this.#durableChanges, "one write at a time");
    this.#durableChanges = covered;
  }
}

async function readIfPresent(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw new OperatorError("SHARD_RECORD_UNREADABLE", {
      what: `the shard's record ${path} cannot be read`,
      why: messageOf(error),
      next: "make the data directory readable and writable for the shard's user",
      exit: Exit.Failure,
      cause: error,
    });
  }
}

function foreign(path: string, owner: string, wanted: string): OperatorError {
  return new OperatorError("SHARD_DIRECTORY_FOREIGN", {
    what: `${path} belongs to shard ${owner}, not to ${wanted}`,
    next: `start it as --id ${owner}, or give ${wanted} a data directory of its own`,
    exit: Exit.Precondition,
  });
}
