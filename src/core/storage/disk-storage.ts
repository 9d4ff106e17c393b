// Storage on disk: the logs of all groups in memory for reading, one write-ahead log and snapshot files on
// the disk. What must stay true: a snapshot's file is durable before the log's mark names it. The mark is
// durable before anything behind it, and before entries or older snapshots are removed. A group's writes
// reach the log in order, even while a received snapshot is being saved. Other groups' writes do not wait for
// that.

import { dirname } from "node:path";
import { assert } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import { createDirectoryDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { type GroupId, type LogIndex, logIndex } from "../base/ids.ts";
import { isErrno } from "../base/system-error.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Snapshot, SnapshotHead } from "../raft/message.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import type { Urgency } from "./append-queue.ts";
import type { AtRest, AtRestStatus } from "./at-rest.ts";
import { partsOf } from "./chunks.ts";
import { SEGMENTS_KEPT } from "./data-directory.ts";
import { isDiskFailure } from "./disk-failure.ts";
import { type DiskSpace, isOutOfSpace } from "./disk-space.ts";
import { diskWorld } from "./disk-world.ts";
import { type FrameReader, plainFrames } from "./frame-seal.ts";
import { LockFile } from "./lock-file.ts";
import { MemoryLog } from "./memory.ts";
import { checkedRing, type DiskStorageOptions, openParts, type StorageParts } from "./open-parts.ts";
import type { WalRecord } from "./record.ts";
import type { OnReport } from "./report.ts";
import type { NewestSnapshot, SnapshotFolder } from "./snapshot-folder.ts";
import type { SnapshotSpools } from "./snapshot-spools.ts";
import { SpooledData } from "./spooled-data.ts";
import type { OwnSnapshot, Storage, WriteRequest } from "./storage.ts";
import { StorageCorrupt, storageFailed, storageFull } from "./storage-errors.ts";
import type { SyncLatency } from "./sync-latency.ts";
import type { Wal, WalStats } from "./wal.ts";
import { applyToLog, markRecord, recordsOf, urgencyOf } from "./write-request.ts";

export class DiskStorage implements Storage {
  /** How long frames of the log take to become durable. */
  readonly syncs: SyncLatency;
  readonly #logs: Map<GroupId, MemoryLog>;
  readonly #wal: Wal;
  readonly #snapshots: SnapshotFolder;
  readonly #snapshotDirectory: string;
  readonly #atRest: AtRest | null;
  readonly #lock: LockFile;
  /** Snapshots that are being received. */
  readonly incoming: SnapshotSpools;
  readonly #space: DiskSpace;
  readonly #onReport: OnReport;
  /**
   * For groups with a received snapshot in progress: resolves when the last of their delayed writes may
   * start.
   */
  readonly #gates = new Map<GroupId, Promise<unknown>>();
  /** Each group's newest snapshot whose mark is in the log or queued for it: marks never decrease. */
  readonly #marks = new Map<GroupId, LogIndex>();
  /** Running saves, fetches and prunings, which close waits for. */
  readonly #pending = new Set<Promise<unknown>>();
  /** Groups whose newest snapshot is being read from its file. */
  readonly #fetching = new Set<GroupId>();
  /** Groups whose newest snapshot's file can't be read. */
  readonly #lost = new Set<GroupId>();

  private constructor(parts: StorageParts, lock: LockFile, onReport: OnReport) {
    this.#logs = parts.logs;
    this.#wal = parts.wal;
    this.#snapshots = parts.snapshots;
    this.#snapshotDirectory = parts.snapshotDirectory;
    this.incoming = parts.incoming;
    this.#atRest = parts.atRest;
    this.#lock = lock;
    this.#space = parts.space;
    this.syncs = parts.syncs;
    this.#onReport = onReport;
    for (const group of this.#logs.keys()) this.#marks.set(group, this.#wal.durableSnapshotIndex(group));
  }

  /** Makes or recovers the data folder. Throws an OperatorError when it is locked, foreign, corrupt or full. */
  static async open(options: DiskStorageOptions): Promise<DiskStorage> {
    const { directory, onReport = ignoreReport, world = diskWorld } = options;
    try {
      // Before the lock: without the right key not even the lock file is written.
      await checkedRing(options, world.files);
      await createDirectoryDurably(directory, world.files);
      await syncNameOf(directory, world.files);
      const lock = await LockFile.acquire(directory, onReport, world);
      const parts = await openParts(options, onReport).catch(async (error: unknown) => {
        await lock.release();
        throw error;
      });
      const storage = new DiskStorage(parts, lock, onReport);
      storage.#settleKeys();
      return storage;
    } catch (error) {
      if (isOutOfSpace(error)) throw storageFull(directory, error);
      throw isDiskFailure(error) ? storageFailed(directory, error) : error;
    }
  }

  reader(group: GroupId): LogReader {
    return this.#log(group);
  }

  write(request: WriteRequest): Promise<void> {
    if (this.#wal.failure !== null) return Promise.reject(this.#wal.failure);
    const { group, snapshot } = request;
    const urgency = urgencyOf(this.#log(group), request);
    applyToLog(this.#log(group), request);
    if (snapshot === null) return this.#append(group, recordsOf(request), urgency);
    // The new snapshot replaces the lost one.
    this.#lost.delete(group);
    this.#marks.set(group, snapshot.index);
    return this.#track(this.#install(group, snapshot, recordsOf(request)));
  }

  saveSnapshot(group: GroupId, snapshot: OwnSnapshot): Promise<void> {
    return this.#track(this.#saveOwn(group, snapshot));
  }

  evictSnapshot(group: GroupId): void {
    const log = this.#log(group);
    const { snapshotHead } = log;
    // Until its file is durable it can't be fetched from there; the empty snapshot at index 0 has no file.
    const isDurable = snapshotHead.index <= this.#wal.durableSnapshotIndex(group);
    if (isDurable && snapshotHead.index > 0) this.#evict(group, snapshotHead);
  }

  isSnapshotLost(group: GroupId): boolean {
    return this.#lost.has(group);
  }

  compact(group: GroupId, through: LogIndex): void {
    const log = this.#log(group);
    if (through < log.firstIndex()) return;
    assert(through <= this.#wal.durableSnapshotIndex(group), "a durable snapshot covers what is compacted");
    log.compact(through);
    this.#removeSegments();
  }

  /** All groups with stored data, ascending. */
  groups(): readonly GroupId[] {
    return [...this.#logs.keys()].sort((a, b) => a - b);
  }

  /** The groups that keep old segments from being removed, each with the index through which it should compact. */
  pinned(): ReadonlyMap<GroupId, LogIndex> {
    return this.#wal.pinned(SEGMENTS_KEPT, (group) => this.#unneeded(group));
  }

  stats(): WalStats {
    return this.#wal.stats();
  }

  /** When the group's newest snapshot was written, and how large it is; null while there is none. */
  newestSnapshot(group: GroupId): Promise<NewestSnapshot | null> {
    return this.#snapshots.newest(group);
  }

  /** Whether a snapshot or the log's next segment waits for space on the disk. */
  get isFull(): boolean {
    return this.#space.isFull;
  }

  /** How the folder is encrypted; null = it is not. */
  async encryption(): Promise<AtRestStatus | null> {
    return (await this.#atRest?.status(this.#snapshotDirectory, this.#wal.keyUse())) ?? null;
  }

  /** How this folder's frames are read back. */
  get frames(): FrameReader {
    return this.#atRest?.frames ?? plainFrames;
  }

  /**
   * Encrypts all later writes with a new key, which is durable in the ring before it is used. Wraps the ring
   * with the operator's current key. False: the folder is not encrypted.
   */
  async rotateKeys(keys: OperatorKeys): Promise<boolean> {
    if (this.#atRest === null) return false;
    await this.#track(this.#atRest.rotate(keys, systemClock.wallMs()));
    this.#settleKeys();
    return true;
  }

  /** Waits for all running work, except for work that waits for space, then closes the folder. */
  async close(): Promise<void> {
    this.#space.stop();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.incoming.close();
    await this.#wal.close();
    await this.#lock.release();
  }

  // The snapshot's file first, then everything else of the request in one frame: without the file none of it
  // is valid.
  async #install(group: GroupId, snapshot: Snapshot, records: readonly WalRecord[]): Promise<void> {
    const saved = this.#saveReceived(group, snapshot).catch((error: Error) => this.#wal.fail(error));
    const before = this.#gates.get(group);
    this.#gates.set(group, before === undefined ? saved : before.then(() => saved));
    await this.#append(group, records);
    this.#track(this.#snapshots.prune(group, snapshot.index).then(() => this.#settleKeys()));
    this.#track(this.incoming.removeThrough((of) => (of === group ? snapshot.index : 0)));
    this.#removeSegments();
  }

  #saveReceived(group: GroupId, snapshot: Snapshot): Promise<void> {
    const { data } = snapshot;
    if (!(data instanceof SpooledData)) return this.#snapshots.save(group, snapshot, () => partsOf(data));
    data.take();
    return this.#snapshots.adopt(group, snapshot, data);
  }

  async #saveOwn(group: GroupId, { encode, ...head }: OwnSnapshot): Promise<void> {
    const log = this.#log(group);
    assert(head.index <= log.lastIndex(), "a snapshot holds nothing that the log did not");
    await this.#snapshots.save(group, head, encode);
    if (head.index >= this.#newestMark(group)) this.#lost.delete(group);
    // A received or a later snapshot has overtaken this one: wait for that one's mark.
    if (head.index <= this.#newestMark(group)) return this.#append(group, []);
    this.#marks.set(group, head.index);
    await this.#append(group, [markRecord(group, head, false)]);
    if (this.#newestMark(group) === head.index) this.#evict(group, head);
    this.#track(this.#snapshots.prune(group, head.index).then(() => this.#settleKeys()));
  }

  #evict(group: GroupId, head: SnapshotHead): void {
    this.#log(group).evictSnapshot(head, () => this.#track(this.#fetch(group)));
  }

  /** Reads the group's newest snapshot into memory for the next caller. */
  async #fetch(group: GroupId): Promise<void> {
    if (this.#fetching.has(group) || this.#lost.has(group)) return;
    this.#fetching.add(group);
    const log = this.#log(group);
    const { index, term } = log.snapshotHead;
    try {
      const { data } = await this.#snapshots.load({ group, term, index });
      log.bringSnapshot(index, data);
    } catch (cause) {
      // A newer snapshot may have replaced it. Otherwise the file is unusable, but the state in it is applied
      // already.
      if (log.snapshotHead.index !== index || isPassing(cause)) return;
      this.#lost.add(group);
      this.#onReport({ kind: "snapshot-lost", group, index, cause });
    } finally {
      this.#fetching.delete(group);
    }
  }

  /** Appends to the log at once, or after the received snapshot that the group waits for. */
  #append(group: GroupId, records: readonly WalRecord[], urgency: Urgency = "sync"): Promise<void> {
    const gate = this.#gates.get(group);
    if (gate === undefined) return this.#wal.append(records, urgency);
    const turn: Promise<{ readonly appended: Promise<void> }> = gate.then(() => {
      if (this.#gates.get(group) === turn) this.#gates.delete(group);
      return { appended: this.#wal.append(records, urgency) };
    });
    this.#gates.set(group, turn);
    return this.#track(turn.then(({ appended }) => appended));
  }

  #removeSegments(): void {
    this.#wal.removeCovered((group) => this.#unneeded(group));
    if (this.#atRest !== null) this.#track(this.#wal.cleaned.then(() => this.#settleKeys()));
  }

  /**
   * Files were removed: perhaps the last ones of a key, or the last plain ones. A failure is reported; the
   * next call tries again.
   */
  #settleKeys(): void {
    const settled = this.#atRest?.settle(this.#snapshotDirectory, () => this.#wal.keyUse());
    if (settled === undefined) return;
    const report = (cause: unknown) =>
      this.#onReport({ kind: "cleanup-failed", directory: this.#snapshotDirectory, cause });
    this.#track(settled.catch(report));
  }

  /** The index up to which the group needs no entry in the segments. */
  #unneeded(group: GroupId): LogIndex {
    const log = this.#log(group);
    const compacted = log.firstIndex() - 1;
    const marked = this.#wal.durableSnapshotIndex(group);
    // No entry follows the snapshot. A higher entry in a segment is a dead leader's and was replaced (Raft
    // §5.3).
    if (compacted === marked && log.lastIndex() === marked) return logIndex(Number.MAX_SAFE_INTEGER);
    // Visible is not durable: entries stay until the snapshot that replaces them is durable.
    return logIndex(Math.min(compacted, marked));
  }

  #log(group: GroupId): MemoryLog {
    const known = this.#logs.get(group);
    if (known !== undefined) return known;
    const log = new MemoryLog();
    this.#logs.set(group, log);
    return log;
  }

  #newestMark(group: GroupId): number {
    return this.#marks.get(group) ?? 0;
  }

  #track(work: Promise<void>): Promise<void> {
    const settled: Promise<unknown> = Promise.allSettled([work]).then(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return work;
  }
}

// A process may have been killed, or its sync may have failed, before the folder's name was durable. If this
// process may not read the folder above, another user made it.
async function syncNameOf(directory: string, files: FileSystem): Promise<void> {
  try {
    await files.syncDirectory(dirname(directory));
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM")) throw error;
  }
}

/** A later attempt may succeed. */
function isPassing(error: unknown): boolean {
  const cause = error instanceof StorageCorrupt ? error.cause : null;
  return isErrno(cause, "EMFILE", "ENFILE");
}

function ignoreReport(): void {}
