// The door to the key space: a command in, its answers and events out. Every replica applies the same commands in the
// same order, so only the state and the command matter. Semantics are etcd's (v3.5.33). Bad input is a refusal, never
// an exception: an exception would stop every replica at the same entry, also after each restart.

import { assert } from "../base/assert.ts";
import { drained, type Slicing } from "../fleet/slices.ts";
import { type Lanes, NO_LANES, printLanes } from "../fleet/tables/row-hash.ts";
import type {
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event, KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import type { KeyCommand, KeyRetention, LeaseExpiry } from "../wire/gen/fleet/v1/key_command.ts";
import { checkPut, checkRange, checkTxn, isReadOnly } from "./check-request.ts";
import type { KeyOperationKind } from "./command-codec.ts";
import { hashLease, hashNumber, nextDigest } from "./digest.ts";
import { type EventsRequest, type EventsSince, readEvents } from "./events.ts";
import { hashKv } from "./hash-kv.ts";
import { History } from "./history.ts";
import { bytesOf } from "./key-bytes.ts";
import { type KeyError, type Refused, refused } from "./key-error.ts";
import type { Applied, KeyResponse } from "./key-response.ts";
import type { Counts, KeySpaceView } from "./key-space-view.ts";
import { type Lease, type LeaseId, Leases } from "./leases.ts";
import { leasesOf } from "./named-leases.ts";
import { checkRevision, headerAt, type Revisions, readRange, sortsMany } from "./range.ts";
import { ReadBudget } from "./read-budget.ts";
import { KEEP_ALL, Retention, type RetentionRule } from "./retention.ts";
import type { VersionId } from "./segment.ts";
import { checkChosen, checkPutAlone, choose, putsOf, run } from "./transaction.ts";
import { checkLooks, checkReads, measureDeletion } from "./transaction-reads.ts";
import { Write } from "./write.ts";

export type Read<Response> = { readonly ok: true; readonly response: Response } | Refused;

/** As of etcd: the first write makes revision 2. */
const EMPTY: Counts = { revision: 1, compactRevision: -1, digest: NO_LANES, retention: KEEP_ALL };
const NO_EVENTS: readonly Event[] = [];
/** Of the commands from which on leases record when keys are attached (ADR-0067). */
const TRACKING_FORMAT = 2;

export class KeySpace {
  readonly #history: History;
  readonly #leases: Leases;
  #revision: number;
  #compactRevision: number;
  #digest: Lanes;
  readonly #retention: Retention;

  /** Empty without arguments. Those are for snapshots. */
  constructor(history = new History(), leases = new Leases(), counts = EMPTY) {
    this.#history = history;
    this.#leases = leases;
    this.#revision = counts.revision;
    this.#compactRevision = counts.compactRevision;
    this.#digest = counts.digest;
    this.#retention = new Retention(counts.retention);
  }

  get currentRevision(): number {
    return this.#revision;
  }

  /** Reads of earlier revisions are refused. -1 = never compacted. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  /** Equal on replicas that applied the same commands: 16 hexadecimal digits. */
  get digest(): string {
    return printLanes(this.#digest);
  }

  /** The digest as numbers. */
  get lanes(): Lanes {
    return this.#digest;
  }

  /** For reading only. */
  get leases(): Pick<
    Leases,
    "all" | "capture" | "get" | "hasKey" | "keyCountOf" | "keysOf" | "size" | "term" | "unsortedKeysOf"
  > {
    return this.#leases;
  }

  get retention(): RetentionRule {
    return this.#retention.rule;
  }

  /** The latest time of a command: it never goes back. */
  get timeMs(): number {
    return this.#retention.timeMs;
  }

  get retentionChanges(): number {
    return this.#retention.changes;
  }

  /** The retention's window needs more revisions than its limit allows: writes are refused until time has passed. */
  get isHistoryFull(): boolean {
    return this.#retention.isFull(this.#revisions);
  }

  /** How many keys exist now. */
  get keyCount(): number {
    return this.#history.keyCount;
  }

  /** Applies all operations, each as a whole, and returns what each came to. */
  apply(command: KeyCommand): readonly Applied[] {
    this.#retention.pass(command.atMs, this.#revision);
    this.#retain();
    if (command.format >= TRACKING_FORMAT && this.#leases.trackedFrom === 0) this.#trackLeases();
    return command.operations.map(({ kind, leasesSeenAt }) => {
      if (kind === undefined) return this.#refused("operation-unknown");
      const before = this.#revision;
      const isOutdated = leasesSeenAt > 0 && this.#leases.haveChangedSince(leasesSeenAt, leasesOf(kind));
      const applied = isOutdated ? this.#refused("lease-changed") : this.#perform(kind);
      this.#history.sweep();
      assert(applied.revision >= before, "revisions never go back");
      return applied;
    });
  }

  range(request: RangeRequest): Read<RangeResponse> {
    return drained(this.rangeInSlices(request));
  }

  /** The same. It reads in the first slice, and sorts many keys in more. */
  rangeInSlices(request: RangeRequest): Slicing<Read<RangeResponse>> {
    return readRange(this.#history, this.#revisions, request);
  }

  /** Whether there are so many that one slice is not enough. */
  sortsMany(request: RangeRequest): boolean {
    return sortsMany(this.#history, this.#revisions, request);
  }

  /** For a transaction that only reads, which need not be replicated. */
  readTxn(request: TxnRequest): Read<TxnResponse> {
    assert(isReadOnly(request), "a transaction that writes is replicated");
    const applied = this.#txn(request, ReadBudget.ofAdmission());
    if (!applied.answer.ok) return applied.answer;
    const { response } = applied.answer;
    assert(response.$case === "txn", "a transaction is answered as one");
    return { ok: true, response: response.value };
  }

  /** Why an operation looks at too many keys, or deletes too many bytes, to be proposed. */
  checkLooks(kind: KeyOperationKind): KeyError | null {
    return checkLooks(this.#history, this.#leases, this.#revisions, kind);
  }

  /**
   * The events from a revision on of a key or range, and a part of a revision only if it is asked for. It looks at a bounded
   * number of versions. `next` is the revision to continue with.
   */
  eventsSince(request: EventsRequest): EventsSince {
    return readEvents(this.#history, this.#revisions, request);
  }

  /** The key's version before a revision, for an event's `prev_kv`; null if there is none or it was compacted. */
  before(key: Uint8Array, revision: number): KeyValue | null {
    return checkRevision(revision - 1, this.#revisions) === null && revision > 1
      ? this.#history.at(key, revision - 1)
      : null;
  }

  /** etcd's HashKV: equal on all replicas at the same revision and compaction. Later changes do not matter. */
  hashKv(revision: number): Read<{ revision: number; compactRevision: number; hash: Slicing<number> }> {
    const wrong = checkRevision(revision, this.#revisions);
    if (wrong !== null) return refused(wrong);
    const at = revision <= 0 ? this.#revision : revision;
    const hash = hashKv(this.#history.capture(), at, this.#compactRevision);
    return { ok: true, response: { revision: at, compactRevision: this.#compactRevision, hash } };
  }

  /** The present content, which later changes leave alone; `encodeKeySpace` makes a snapshot of it. */
  capture(): KeySpaceView {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      digest: this.#digest,
      retention: this.#retention.capture(),
      grants: this.#leases.grants,
      term: this.#leases.term,
      leasesTrackedFrom: this.#leases.trackedFrom,
      leases: this.#leases.capture(),
      versions: this.#history.capture(),
    };
  }

  /** The memory that its history takes. Replicas may differ, by what they have not freed yet. */
  get reservedBytes(): number {
    return this.#history.reservedBytes;
  }

  /** What its keys may take beside that, with no further put: their deletions, and the texts of keys with a lease. */
  get promisedBytes(): number {
    return this.#history.deletionBytes + this.#leases.keyBytes;
  }

  /** See `History.recheck`. */
  recheck(from: VersionId): ReturnType<History["recheck"]> {
    return this.#history.recheck(from);
  }

  /** Frees a part of what compactions left, in at most a millisecond. Every operation does so too. */
  sweep(): void {
    this.#history.sweep();
  }

  get #revisions(): Revisions {
    return { current: this.#revision, compacted: this.#compactRevision };
  }

  #perform(kind: KeyOperationKind): Applied {
    switch (kind.$case) {
      case "put":
        return this.#put(kind.value);
      case "deleteRange":
        return this.#deleteRange(kind.value);
      case "txn":
        return this.#txn(kind.value);
      case "compaction":
        return this.#compact(kind.value.revision);
      case "leaseGrant":
        return this.#grant(kind.value);
      case "leaseRevoke":
        return this.#revoke(kind.value.ID);
      case "leaseTerm":
        return this.#takeOver(kind.value.term);
      case "leaseExpiry":
        return this.#expire(kind.value);
      case "retention":
        return this.#setRetention(kind.value);
    }
  }

  #put(request: PutRequest): Applied {
    const wrong =
      checkPut(request) ??
      this.#lacksSpace() ??
      checkPutAlone(this.#history, this.#leases, request, this.#revision) ??
      this.#lacksLeaseRoom([request]);
    if (wrong !== null) return this.#refused(wrong);
    const write = this.#write();
    return this.#written(write, { $case: "put", value: write.put(request) });
  }

  #deleteRange(request: DeleteRangeRequest): Applied {
    const wrong = checkRange(request) ?? this.#lacksSpace();
    if (wrong !== null) return this.#refused(wrong);
    const budget = ReadBudget.ofTransaction();
    measureDeletion(this.#history, request, this.#revision, budget);
    if (budget.isOver) return this.#refused("reads-too-much");
    const write = this.#write();
    return this.#written(write, { $case: "deleteRange", value: write.deleteRange(request) });
  }

  #txn(request: TxnRequest, budget = ReadBudget.ofTransaction()): Applied {
    const wrong = checkTxn(request) ?? (isReadOnly(request) ? null : this.#lacksSpace());
    if (wrong !== null) return this.#refused(wrong);
    const chosen = choose(this.#history, request, this.#revision, budget);
    if (budget.isOver) return this.#refused("reads-too-much");
    const denied =
      checkChosen(this.#history, this.#leases, chosen, this.#revisions) ??
      this.#lacksLeaseRoom(putsOf(chosen)) ??
      checkReads(this.#history, chosen, this.#revision, budget);
    if (denied !== null) return this.#refused(denied);
    const write = this.#write();
    return this.#written(write, { $case: "txn", value: run(write, chosen) });
  }

  #compact(revision: number): Applied {
    if (revision <= this.#compactRevision) return this.#refused("compacted");
    if (revision > this.#revision) return this.#refused("future-revision");
    this.#dropBefore(revision);
    return this.#changed({ $case: "compaction", value: { header: headerAt(this.#revision) } });
  }

  #grant({ ID, TTL }: LeaseGrantRequest): Applied {
    const lease = this.#leases.grant(ID, TTL);
    if (typeof lease === "string") return this.#refused(lease);
    this.#digest = nextDigest(this.#digest, hashLease(lease));
    const header = headerAt(this.#revision);
    return this.#changed({ $case: "leaseGrant", value: { header, ID, TTL: lease.ttlSeconds, error: "" } });
  }

  #revoke(id: LeaseId): Applied {
    const lease = this.#leases.get(id);
    if (lease === undefined) return this.#refused("lease-not-found");
    const events = this.#end(lease);
    const value = { header: headerAt(this.#revision) };
    return { ...this.#changed({ $case: "leaseRevoke", value }), events };
  }

  #takeOver(term: number): Applied {
    const isNewest = this.#leases.takeOver(term);
    if (isNewest) this.#digest = nextDigest(this.#digest, hashNumber("lease-term", term));
    return this.#changed({ $case: "leaseTerm", isNewest });
  }

  /**
   * The leader of a newer term has extended all leases, so an earlier leader's view of them is void. A lease that was
   * granted again is another one.
   */
  #expire({ term, leases }: LeaseExpiry): Applied {
    const expired: LeaseId[] = [];
    const events: Event[] = [];
    for (const { id, grant } of leases) {
      const lease = this.#leases.get(id);
      if (term !== this.#leases.term || lease === undefined || lease.grant !== grant) continue;
      events.push(...this.#end(lease));
      expired.push(id);
    }
    return { ...this.#changed({ $case: "leaseExpiry", expired }), events };
  }

  /** Deletes the lease's keys, in one revision and in the order of their bytes, and then the lease. */
  #end(lease: Lease): readonly Event[] {
    const write = this.#write();
    for (const key of this.#leases.keysOf(lease.id)) {
      const { deleted } = write.deleteRange({ key: bytesOf(key), rangeEnd: bytesOf(""), prevKv: false });
      assert(deleted === 1, "a lease's key exists");
    }
    this.#leases.remove(lease.id);
    this.#commit(write);
    this.#digest = nextDigest(this.#digest, hashNumber("lease-ended", lease.grant));
    return write.events;
  }

  #setRetention(rule: KeyRetention): Applied {
    if (!this.#retention.change(rule, this.#revision)) return this.#refused("retention-changed");
    for (const value of [rule.windowMs, rule.revisionsMax]) {
      this.#digest = nextDigest(this.#digest, hashNumber("retention", value));
    }
    this.#retain();
    return this.#changed({ $case: "retention" });
  }

  /** Compacts what the rules of retention drop now. */
  #retain(): void {
    const due = this.#retention.due(this.#revisions);
    if (due !== null) this.#dropBefore(due);
  }

  #dropBefore(revision: number): void {
    assert(revision > this.#compactRevision && revision <= this.#revision, "a compaction goes forward");
    this.#compactRevision = revision;
    this.#history.compact(revision);
    this.#digest = nextDigest(this.#digest, hashNumber("compaction", revision));
  }

  #lacksSpace(): KeyError | null {
    return this.isHistoryFull ? "history-full" : null;
  }

  #lacksLeaseRoom(puts: Iterable<PutRequest>): KeyError | null {
    return this.#leases.lackRoomFor(puts) ? "too-many-keys-of-lease" : null;
  }

  /** Not before the first command that says that its proposer knows of it: replicas of earlier logs do the same. */
  #trackLeases(): void {
    this.#leases.track(this.#revision);
    this.#digest = nextDigest(this.#digest, hashNumber("leases-tracked", this.#revision));
  }

  #write(): Write {
    return new Write(this.#history, this.#leases, this.#revision);
  }

  #commit(write: Write): void {
    this.#revision = write.revision;
    for (const hash of write.hashes) this.#digest = nextDigest(this.#digest, hash);
  }

  #written(write: Write, response: KeyResponse): Applied {
    this.#commit(write);
    return { revision: this.#revision, answer: { ok: true, response }, events: write.events };
  }

  #changed(response: KeyResponse): Applied {
    return { revision: this.#revision, answer: { ok: true, response }, events: NO_EVENTS };
  }

  #refused(error: KeyError): Applied {
    return { revision: this.#revision, answer: refused(error), events: NO_EVENTS };
  }
}
