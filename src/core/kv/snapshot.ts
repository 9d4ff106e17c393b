// Encodes a key space as bytes and restores it. A snapshot is encoded in parts of bounded size, between which the driver
// can do other work, and decoded in slices. Equal key spaces have equal bytes. Restoring adds up the rows' hashes: a
// snapshot with other rows than were encoded is refused. A version that has changed in memory is not encoded. What must
// stay true: what passes `KeySpaceCheck` can be restored, and every command can be applied to it. A hostile member may
// offer anything, and what is installed is restored at each start.

import { assert } from "../base/assert.ts";
import { encodeMessage } from "../base/encode-message.ts";
import { MessageReader } from "../base/message-reader.ts";
import { MessageSlices } from "../base/message-slices.ts";
import { addLanes, type Lanes, NO_LANES } from "../fleet/tables/row-hash.ts";
import {
  type KeyLease,
  type KeyRecord,
  type KeyRetention,
  type KeySpaceEnd,
  type KeySpaceHead,
  KeySpaceSnapshot,
} from "../wire/gen/fleet/v1/key_command.ts";
import { KNOWN_KEY_FORMAT } from "./command-codec.ts";
import { hashLease, hashVersion } from "./digest.ts";
import { type CapturedVersions, History } from "./history.ts";
import { textOf } from "./key-bytes.ts";
import { KeySpace } from "./key-space.ts";
import type { KeySpaceView } from "./key-space-view.ts";
import { LEASES_MAX, type LeaseId, Leases, NO_LEASE, TTL_SECONDS_MAX } from "./leases.ts";

export interface NoSnapshot {
  readonly ok: false;
  readonly reason: "malformed" | "format-unknown" | "hash-mismatch";
  readonly message: string;
}

export type RestoredKeySpace = { readonly ok: true; readonly keySpace: KeySpace } | NoSnapshot;

/** A part has about this many bytes, or one row more. */
const PART_BYTES = 32 * 1024;
const LEASES_PER_PART = 1_000;
/** Of key spaces to which no command of format 2 was applied. */
const FIRST_KEY_FORMAT = 1;
/** Of those whose retention was never changed with a number. */
const LEASES_KEY_FORMAT = 2;

const NEVER_CHANGED: KeyRetention = { windowMs: 0, revisionsMax: 0, changeNumber: 0 };

/** The format, the head and the end. */
const ONCE = [1, 2, 5];
/** Far from 2^53, where counting on ends. */
const COUNT_MAX = 2 ** 52;
/** Of logs of format 1, which knew no limit; twice the limit of today. */
const LEASES_READ_MAX = 2 * LEASES_MAX;
/** A change of the rule keeps the times of the one before. */
const TIMES_MAX = 10_000;

/** Parts whose concatenation is the snapshot. */
export function* encodeKeySpace(view: KeySpaceView): Generator<Uint8Array, void, undefined> {
  const {
    revision,
    compactRevision,
    term: leaseTerm,
    grants,
    digest,
    retention: kept,
    leasesTrackedFrom,
  } = view;
  const digests = { digestLow: digest.low, digestHigh: digest.high };
  const rule = { ...kept.rule, changeNumber: kept.changes };
  const retention = { retention: rule, atMs: kept.atMs, times: [...kept.times] };
  const head = { revision, compactRevision, leaseTerm, grants, leasesTrackedFrom, ...digests, ...retention };
  const format = leasesTrackedFrom === 0 ? FIRST_KEY_FORMAT : LEASES_KEY_FORMAT;
  yield encodePart({ format: kept.changes === 0 ? format : KNOWN_KEY_FORMAT, head });
  const sum = new RowSum();
  let leases: KeyLease[] = [];
  for (const lease of view.leases) {
    sum.add(hashLease(lease));
    leases.push(lease);
    if (leases.length < LEASES_PER_PART) continue;
    yield encodePart({ leases });
    leases = [];
  }
  if (leases.length > 0) yield encodePart({ leases });
  yield* encodeVersions(view.versions, sum);
  yield encodePart({ end: { rows: sum.count, hashLow: sum.lanes.low, hashHigh: sum.lanes.high } });
}

function* encodeVersions(versions: CapturedVersions, sum: RowSum): Generator<Uint8Array, void, undefined> {
  let records: KeyRecord[] = [];
  let bytes = 0;
  for (const { kv, sub, hash } of versions.all()) {
    const now = hashVersion(kv, sub);
    assert(now.low === hash, "a version of the key space is as it was appended");
    sum.add(now);
    const { key, value, createRevision, version, lease } = kv;
    records.push({ revision: kv.modRevision, subRevision: sub, key, value, createRevision, version, lease });
    bytes += key.length + value.length;
    if (bytes < PART_BYTES && records.length < LEASES_PER_PART) continue;
    yield encodePart({ records });
    records = [];
    bytes = 0;
  }
  if (records.length > 0) yield encodePart({ records });
}

/** Decodes a snapshot as its bytes arrive, into a key space of its own. Zero bytes are the empty one. */
export class KeySpaceReader {
  readonly #rows = new SnapshotRows();
  readonly #history = new History();
  readonly #leases = new Leases();

  /** Adds the next bytes; returns null, or why this is not a snapshot. */
  add(part: Uint8Array): NoSnapshot | null {
    const read = this.#rows.add(part);
    if (!read.ok) return read;
    for (const lease of read.rows.leases)
      if (!this.#leases.restore(lease)) return malformed("a lease occurs twice");
    for (const [at, record] of read.rows.records.entries()) this.#restore(record, read.hashes[at]);
    return null;
  }

  /** All bytes have arrived. */
  finish(): RestoredKeySpace {
    const wrong = this.#rows.end();
    if (wrong !== null) return wrong;
    const { head } = this.#rows;
    if (head === undefined) return { ok: true, keySpace: new KeySpace() };
    const { grants, leaseTerm: term, leasesTrackedFrom: trackedFrom } = head;
    this.#leases.restoreCounts({ grants, term, trackedFrom });
    for (const { key, lease } of this.#history.leased()) {
      if (this.#leases.get(lease) === undefined) return malformed("a key's lease is not among the leases");
      this.#leases.restoreKey(lease, textOf(key));
    }
    const digest = { low: head.digestLow, high: head.digestHigh };
    const { revision, compactRevision } = head;
    const { windowMs, revisionsMax, changeNumber: changes } = head.retention ?? NEVER_CHANGED;
    const retention = { rule: { windowMs, revisionsMax }, atMs: head.atMs, times: head.times, changes };
    const counts = { revision, compactRevision, digest, retention };
    const keySpace = new KeySpace(this.#history, this.#leases, counts);
    return { ok: true, keySpace };
  }

  #restore(
    { revision, subRevision, key, value, createRevision, version, lease }: KeyRecord,
    hash: Lanes | undefined,
  ): void {
    const kv = { key, value, createRevision, modRevision: revision, version, lease };
    this.#history.append(kv, subRevision, hash);
  }
}

/** A whole snapshot. */
export function decodeKeySpace(data: Uint8Array): RestoredKeySpace {
  const reader = new KeySpaceReader();
  return reader.add(data) ?? reader.finish();
}

/** Checks whether the bytes can be restored, with the memory of one slice, of the leases' names and of the keys that have one. */
export class KeySpaceCheck {
  readonly #rows = new SnapshotRows();
  readonly #leases = new Set<LeaseId>();
  /** Of the newest versions: the lease of each key that has one. */
  readonly #leased = new Map<string, LeaseId>();

  add(part: Uint8Array): NoSnapshot | null {
    const read = this.#rows.add(part);
    if (!read.ok) return read;
    for (const { id } of read.rows.leases) {
      if (this.#leases.has(id)) return malformed("a lease occurs twice");
      this.#leases.add(id);
    }
    for (const { key, lease } of read.rows.records) {
      if (lease !== NO_LEASE) this.#leased.set(textOf(key), lease);
      else if (this.#leased.size > 0) this.#leased.delete(textOf(key));
    }
    return null;
  }

  finish(): NoSnapshot | null {
    const wrong = this.#rows.end();
    if (wrong !== null) return wrong;
    for (const lease of this.#leased.values()) {
      if (!this.#leases.has(lease)) return malformed("a key's lease is not among the leases");
    }
    return null;
  }
}

/** The rows of a snapshot slice by slice, checked for what restoring relies on. */
class SnapshotRows {
  readonly #slices = new MessageSlices((bytes) => KeySpaceSnapshot.decode(new MessageReader(bytes)), ONCE);
  readonly #sum = new RowSum();
  #isEmpty = true;
  #format = 0;
  #end: KeySpaceEnd | undefined;
  #last = { revision: 0, sub: 0 };
  #grant = 0;
  #leases = 0;
  head: KeySpaceHead | undefined;

  /** `hashes`: of the records. */
  add(
    part: Uint8Array,
  ): NoSnapshot | { readonly ok: true; readonly rows: KeySpaceSnapshot; readonly hashes: readonly Lanes[] } {
    if (part.length > 0) this.#isEmpty = false;
    const rows = this.#slices.add(part);
    if (rows === "malformed") return malformed("it is no KeySpaceSnapshot message");
    this.#format ||= rows.format;
    this.head ??= rows.head;
    this.#end ??= rows.end;
    if (this.#format > KNOWN_KEY_FORMAT) return unknownFormat(this.#format);
    const wrong = this.#wrongRows(rows);
    if (wrong !== null) return malformed(wrong);
    for (const lease of rows.leases) this.#sum.add(hashLease(lease));
    const hashes: Lanes[] = [];
    for (const record of rows.records) {
      if (!this.#follows(record)) return malformed("its versions are not in order");
      const { revision, subRevision, ...rest } = record;
      const hash = hashVersion({ ...rest, modRevision: revision }, subRevision);
      this.#sum.add(hash);
      hashes.push(hash);
    }
    return { ok: true, rows, hashes };
  }

  end(): NoSnapshot | null {
    if (this.#isEmpty) return null;
    if (!this.#slices.isWhole || this.head === undefined || this.#end === undefined) {
      return malformed("it is no whole KeySpaceSnapshot message");
    }
    if (this.#last.revision > this.head.revision) return malformed("a version is newer than the whole");
    const { lanes, count } = this.#sum;
    const { rows, hashLow, hashHigh } = this.#end;
    if (rows === count && hashLow === lanes.low && hashHigh === lanes.high) return null;
    const message = `its ${count} rows have another hash than the ${rows} that were encoded`;
    return { ok: false, reason: "hash-mismatch", message };
  }

  /** What is wrong with the head, the leases or single versions; null = nothing. */
  #wrongRows({ head, leases, records }: KeySpaceSnapshot): string | null {
    const whole = this.head;
    if (whole === undefined) return leases.length + records.length > 0 ? "rows come before the head" : null;
    const wrong = head === undefined ? null : wrongHead(head);
    if (wrong !== null) return wrong;
    this.#leases += leases.length;
    if (this.#leases > LEASES_READ_MAX) return `it has more than ${LEASES_READ_MAX} leases`;
    for (const lease of leases) {
      if (lease.grant <= this.#grant || isWrongLease(lease, whole)) return `lease ${lease.id} can't be`;
      this.#grant = lease.grant;
    }
    return records.some(isWrongRecord) ? "a version can't be" : null;
  }

  #follows({ revision, subRevision }: KeyRecord): boolean {
    const { revision: last, sub } = this.#last;
    if (revision < last || (revision === last && subRevision <= sub && last > 0)) return false;
    this.#last = { revision, sub: subRevision };
    return true;
  }
}

/** In the order of the file: see KeySpaceHead. */
function wrongHead(head: KeySpaceHead): string | null {
  const { revision, compactRevision, leaseTerm, grants, leasesTrackedFrom, atMs, times } = head;
  if (revision < 1) return "it has no revision";
  // Further writes count on.
  if (Math.max(revision, leaseTerm, grants, atMs) > COUNT_MAX) return "a number of its head can't be";
  if (compactRevision < -1 || compactRevision > revision) return "it is compacted at no revision of it";
  if (leasesTrackedFrom > revision) return "its leases are recorded from a later revision on";
  const { windowMs, revisionsMax, changeNumber } = head.retention ?? NEVER_CHANGED;
  if (Math.max(windowMs, revisionsMax, changeNumber) > COUNT_MAX) return "its retention can't be";
  if (times.length > TIMES_MAX) return `it has more than ${TIMES_MAX} times`;
  for (const [at, time] of times.entries()) {
    const next = times[at + 1] ?? { atMs: atMs + 1, revision };
    if (time.atMs >= next.atMs || time.revision > next.revision) return "its times are not in order";
  }
  return null;
}

function isWrongLease({ id, ttlSeconds, grant, attachedAt }: KeyLease, head: KeySpaceHead): boolean {
  const hasEnd = ttlSeconds >= 1 && ttlSeconds <= TTL_SECONDS_MAX;
  return id === NO_LEASE || !hasEnd || grant > head.grants || attachedAt > head.revision;
}

/** What no write makes. */
function isWrongRecord({ key, value, revision, createRevision, version, lease }: KeyRecord): boolean {
  if (key.length === 0 || createRevision > revision || version > revision) return true;
  const isDeletion = createRevision === 0;
  return isDeletion ? version > 0 || value.length > 0 || lease !== NO_LEASE : version === 0;
}

class RowSum {
  lanes: Lanes = NO_LANES;
  count = 0;

  add(row: Lanes): void {
    this.lanes = addLanes(this.lanes, row);
    this.count += 1;
  }
}

function malformed(message: string): NoSnapshot {
  return { ok: false, reason: "malformed", message };
}

function unknownFormat(format: number): NoSnapshot {
  const message = `it has format ${format}, this version reads up to ${KNOWN_KEY_FORMAT}`;
  return { ok: false, reason: "format-unknown", message };
}

function encodePart(part: Partial<KeySpaceSnapshot>): Uint8Array {
  const whole = { format: 0, head: undefined, leases: [], records: [], end: undefined, ...part };
  return encodeMessage(KeySpaceSnapshot.encode, whole);
}
