// Storage on disk: logs of all groups in memory for reading, one write-ahead log and snapshot files for keeping.
// What must stay true: a snapshot's file is durable before the log's mark names it, the mark before anything behind
// it, and the mark before entries or older snapshots are removed. A group's writes reach the log in order, even
// while a received snapshot is being saved; other groups' writes do not wait for that.

import { dirname } from "node:path";
import { assert } from "../base/assert.ts";
import { createDirectoryDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { type GroupId, type LogIndex, logIndex } from "../base/ids.ts";
import { systemCodeOf } from "../base/system-error.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Snapshot, SnapshotHead } from "../raft/message.ts";
import type { Urgency } from "./append-queue.ts";
import { buildLogs } from "./build-logs.ts";
import { partsOf } from "./chunks.ts";
import {
  prepareDataDirectory,
  recordSegmentSize,
  SEGMENT_BYTES,
  type StorageIdentity,
} from "./data-directory.ts";
import { isDiskFailure } from "./disk-failure.ts";
import { DiskSpace, isOutOfSpace } from "./disk-space.ts";
import { diskWorld } from "./disk-world.ts";
import { LockFile } from "./lock-file.ts";
import { MemoryLog } from "./memory.ts";
import type { WalRecord } from "./record.ts";
import { recoverWal } from "./recovery.ts";
import { refuseUnfinished } from "./recovery-mark.ts";
import type { OnReport } from "./report.ts";
import { SnapshotFolder } from "./snapshot-folder.ts";
import { SnapshotSpools } from "./snapshot-spools.ts";
import { SpooledData } from "./spooled-data.ts";
import type { OwnSnapshot, Storage, WriteRequest } from "./storage.ts";
import { StorageCorrupt, storageFailed, storageFull } from "./storage-errors.ts";
import type { StorageWorld } from "./storage-world.ts";
import { SyncLatency } from "./sync-latency.ts";
import { Wal, type WalStats } from "./wal.ts";
import { applyToLog, markRecord, recordsOf, urgencyOf } from "./write-request.ts";

// Beyond these, groups that write little are asked to let go of what they have in older ones (ADR-0008).
const SEGMENTS_KEPT = 4;

export interface DiskStorageOptions {
  readonly directory: string;
  readonly identity: StorageIdentity;
  /** Size of a log segment in a new folder, 16 MiB by default; a folder keeps the size that it was made with. */
  readonly segmentBytes?: number;
  readonly onReport?: OnReport;
  /** Opened by the recovery that marked the folder, to finish it: nobody else may (recovery-mark.ts). */
  readonly finishesRecovery?: boolean;
  /** The machine's by default. A seam: tests make syncs fail or wait, and simulations have their own. */
  readonly world?: StorageWorld;
}

export class DiskStorage implements Storage {
  /** How long frames of the log take. */
  readonly syncs: SyncLatency;
  readonly #logs: Map<GroupId, MemoryLog>;
  readonly #wal: Wal;
  readonly #snapshots: SnapshotFolder;
  readonly #lock: LockFile;
  /** Snapshots on their way in. */
  readonly incoming: SnapshotSpools;
  readonly #space: DiskSpace;
  readonly #onReport: OnReport;
  /** For groups with a received snapshot under way: when the last of their held-back writes may go. */
  readonly #gates = new Map<GroupId, Promise<unknown>>();
  /** Each group's newest snapshot whose mark is in the log or on its way there: marks never go back. */
  readonly #marks = new Map<GroupId, LogIndex>();
  /** Saves, fetches and prunings under way, which close waits for. */
  readonly #pending = new Set<Promise<unknown>>();
  /** Groups whose newest snapshot is being read from its file. */
  readonly #fetching = new Set<GroupId>();
  /** Groups whose newest snapshot's file can't be read. */
  readonly #lost = new Set<GroupId>();

  private constructor(
    logs: Map<GroupId, MemoryLog>,
    wal: Wal,
    snapshots: SnapshotFolder,
    incoming: SnapshotSpools,
    lock: LockFile,
    space: DiskSpace,
    syncs: SyncLatency,
    onReport: OnReport,
  ) {
    this.#logs = logs;
    this.#wal = wal;
    this.#snapshots = snapshots;
    this.incoming = incoming;
    this.#lock = lock;
    this.#space = space;
    this.syncs = syncs;
    this.#onReport = onReport;
    for (const group of logs.keys()) this.#marks.set(group, wal.durableSnapshotIndex(group));
  }

  /** Makes or recovers the data folder. Throws an OperatorError when it is locked, foreign, corrupt or full. */
  static async open(options: DiskStorageOptions): Promise<DiskStorage> {
    const { directory, onReport = ignoreReport, world = diskWorld } = options;
    try {
      await createDirectoryDurably(directory, world.files);
      await syncNameOf(directory, world.files);
      const lock = await LockFile.acquire(directory, onReport, world);
      return await DiskStorage.#openLocked(options, lock).catch(async (error: unknown) => {
        await lock.release();
        throw error;
      });
    } catch (error) {
      if (isOutOfSpace(error)) throw storageFull(directory, error);
      throw isDiskFailure(error) ? storageFailed(directory, error) : error;
    }
  }

  static async #openLocked(options: DiskStorageOptions, lock: LockFile): Promise<DiskStorage> {
    const { directory, identity, segmentBytes = SEGMENT_BYTES } = options;
    const { onReport = ignoreReport, world = diskWorld } = options;
    const { files, clock, partBytes } = world;
    if (options.finishesRecovery !== true) await refuseUnfinished(directory, files);
    const paths = await prepareDataDirectory(directory, identity, segmentBytes, files, onReport);
    const { segment } = paths;
    const recovered = await recoverWal(paths.wal, segment, files, onReport);
    // What an earlier version wrote is whole now, and what this one writes never grows a file.
    if (segment.mayHaveGrown) await recordIfRoom(directory, segment.bytes, files);
    const space = new DiskSpace(clock, onReport);
    const snapshots = new SnapshotFolder(paths.snapshots, space, files, onReport, partBytes);
    const logs = await buildLogs(recovered, snapshots);
    await snapshots.removeUnmarked((group) => recovered.groups.get(group)?.mark?.index ?? logIndex(0));
    const incoming = new SnapshotSpools(paths.snapshots, files, partBytes);
    await incoming.removeThrough((group) => recovered.groups.get(group)?.mark?.index ?? 0);
    const syncs = new SyncLatency(() => clock.now());
    const wal = await Wal.open(
      { directory: paths.wal, segmentBytes: segment.bytes, world, space, syncs, onReport },
      recovered,
    );
    return new DiskStorage(logs, wal, snapshots, incoming, lock, space, syncs, onReport);
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
    // It takes the lost one's place.
    this.#lost.delete(group);
    this.#marks.set(group, snapshot.index);
    return this.#track(this.#install(group, snapshot, recordsOf(request)));
  }

  saveSnapshot(group: GroupId, snapshot: OwnSnapshot): Promise<void> {
    return this.#track(this.#saveOwn(group, snapshot));
  }

  shelveSnapshot(group: GroupId): void {
    const log = this.#log(group);
    const { snapshotHead } = log;
    // Until its file is durable there is nowhere to fetch it from; the empty snapshot at index 0 has none.
    const isDurable = snapshotHead.index <= this.#wal.durableSnapshotIndex(group);
    if (isDurable && snapshotHead.index > 0) this.#shelve(group, snapshotHead);
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

  /** All groups of which anything is stored, ascending. */
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

  /** When the group's newest snapshot was written, in milliseconds since 1970; null while there is none. */
  snapshotSavedAtMs(group: GroupId): Promise<number | null> {
    return this.#snapshots.savedAtMs(group);
  }

  /** Whether a snapshot or the log's next segment waits for space on the disk. */
  get isFull(): boolean {
    return this.#space.isFull;
  }

  /** Waits for everything under way but space, then gives the folder up. */
  async close(): Promise<void> {
    this.#space.stop();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    await this.incoming.close();
    await this.#wal.close();
    await this.#lock.release();
  }

  // The snapshot's file first, then everything else of the request in one frame: none of it holds without the file.
  async #install(group: GroupId, snapshot: Snapshot, records: readonly WalRecord[]): Promise<void> {
    const saved = this.#saveReceived(group, snapshot).catch((error: Error) => this.#wal.fail(error));
    const before = this.#gates.get(group);
    this.#gates.set(group, before === undefined ? saved : before.then(() => saved));
    await this.#append(group, records);
    this.#track(this.#snapshots.prune(group, snapshot.index));
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
    // Overtaken meanwhile by a received or a later one: then the wait is for that mark.
    if (head.index <= this.#newestMark(group)) return this.#append(group, []);
    this.#marks.set(group, head.index);
    await this.#append(group, [markRecord(group, head, false)]);
    if (this.#newestMark(group) === head.index) this.#shelve(group, head);
    this.#track(this.#snapshots.prune(group, head.index));
  }

  #shelve(group: GroupId, head: SnapshotHead): void {
    this.#log(group).shelveSnapshot(head, () => this.#track(this.#fetch(group)));
  }

  /** Reads the group's newest snapshot for whoever asks next. */
  async #fetch(group: GroupId): Promise<void> {
    if (this.#fetching.has(group) || this.#lost.has(group)) return;
    this.#fetching.add(group);
    const log = this.#log(group);
    const { index, term } = log.snapshotHead;
    try {
      const { data } = await this.#snapshots.load({ group, term, index });
      log.bringSnapshot(index, data);
    } catch (cause) {
      // A newer one may have taken its place. Otherwise the file is of no use any more; the state that it holds is applied.
      if (log.snapshotHead.index !== index || isPassing(cause)) return;
      this.#lost.add(group);
      this.#onReport({ kind: "snapshot-lost", group, index, cause });
    } finally {
      this.#fetching.delete(group);
    }
  }

  /** To the log at once, or behind the received snapshot that the group waits for. */
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
  }

  /** Through which index the group needs nothing of what the segments hold. */
  #unneeded(group: GroupId): LogIndex {
    const log = this.#log(group);
    const compacted = log.firstIndex() - 1;
    const marked = this.#wal.durableSnapshotIndex(group);
    // Nothing follows the snapshot: a higher entry in a segment is one of a dead leader, and replaced (Raft §5.3).
    if (compacted === marked && log.lastIndex() === marked) return logIndex(Number.MAX_SAFE_INTEGER);
    // Visible is not durable: entries stay until the snapshot that stands for them does.
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

// The folder may be there because of a process that was killed, or whose sync failed, before its name was durable. Where
// this process may not look into the folder above, somebody else made it.
async function syncNameOf(directory: string, files: FileSystem): Promise<void> {
  try {
    await files.syncDirectory(dirname(directory));
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(systemCodeOf(error) ?? "")) throw error;
  }
}

/** A full disk may be opened; then a later start records it. */
async function recordIfRoom(directory: string, segmentBytes: number, files: FileSystem): Promise<void> {
  try {
    await recordSegmentSize(directory, segmentBytes, files);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
  }
}

/** Whoever asks again may be luckier. */
function isPassing(error: unknown): boolean {
  const cause = error instanceof StorageCorrupt ? error.cause : null;
  return cause instanceof Error && "code" in cause && (cause.code === "EMFILE" || cause.code === "ENFILE");
}

function ignoreReport(): void {}
