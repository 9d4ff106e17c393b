// The Storage port over a virtual disk: the frames, records, marks and snapshot files of the real one, written in
// virtual time. What must stay true is what the real one promises: a promise resolves only after the sync that
// covers it; one frame is in flight at a time; a snapshot's file is durable before its mark; a group's writes keep
// their order, even while a received snapshot is being saved; after a failure nothing is written any more.

import { assert, present } from "../base/assert.ts";
import { FLEET_GROUP, type GroupId, type LogIndex } from "../base/ids.ts";
import type { HardState, Snapshot, SnapshotHead } from "../raft/message.ts";
import { AppendQueue, type Batch, type Urgency } from "../storage/append-queue.ts";
import { wholeOf } from "../storage/chunks.ts";
import { encodeFrame, frameBytes, payloadBytes } from "../storage/frame.ts";
import type { MemoryLog } from "../storage/memory.ts";
import type { SnapshotMark, WalRecord } from "../storage/record.ts";
import { SegmentIndex } from "../storage/segment-index.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  parseSnapshotFileName,
  snapshotFileName,
} from "../storage/snapshot-file.ts";
import type { OwnSnapshot, Storage, WriteRequest } from "../storage/storage.ts";
import { applyToLog, markRecord, recordsOf, urgencyOf } from "../storage/write-request.ts";
import { recoverDisk } from "./recover-disk.ts";
import type { VirtualDisk } from "./virtual-disk.ts";

export interface VirtualStorageOptions {
  readonly disk: VirtualDisk;
  readonly segmentBytes: number;
  /** Runs `action` when the disk is done, at least `ms` later, unless the process is gone by then. */
  readonly whenDone: (ms: number, action: () => void) => void;
  /** Seams for the checks and for crashes between a write and its sync. */
  readonly onWrite: (request: WriteRequest) => void;
  readonly onFrame: (records: readonly WalRecord[]) => void;
  readonly onSynced: (records: readonly WalRecord[]) => void;
}

const RETRY_EVERY_MS = 500;

export class VirtualStorage implements Storage {
  readonly #options: VirtualStorageOptions;
  readonly #log: MemoryLog;
  #segments: SegmentIndex[];
  #end: number;
  #nextFrame: number;
  #hardState: HardState | null;
  /** The newest durable mark. */
  #mark: SnapshotMark | null;
  /** Of the newest snapshot whose mark is in the log or on its way there. */
  #marking: number;
  readonly #queue = new AppendQueue();
  #isWriting = false;
  #gate: Promise<unknown> | null = null;
  #failure: unknown = null;
  #isFull = false;
  #isFetching = false;

  /** Recovers what the disk holds; an empty disk gets its first segment. */
  constructor(options: VirtualStorageOptions) {
    const { disk, segmentBytes } = options;
    if (disk.isEmpty) disk.addSegment(1, segmentBytes);
    const recovered = recoverDisk(disk);
    this.#options = options;
    this.#log = recovered.log;
    this.#segments = [...recovered.segments];
    this.#end = recovered.end;
    this.#nextFrame = recovered.nextFrame;
    this.#hardState = recovered.replayed.hardState;
    this.#mark = recovered.replayed.mark;
    this.#marking = this.#mark?.index ?? 0;
  }

  /** Whether something waits for space, as the real storage does (storage/disk-space.ts). */
  get isFull(): boolean {
    return this.#isFull;
  }

  reader(group: GroupId): MemoryLog {
    assert(group === FLEET_GROUP, "the simulation knows one group");
    return this.#log;
  }

  write(request: WriteRequest): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#options.onWrite(request);
    const urgency = urgencyOf(this.#log, request);
    applyToLog(this.#log, request);
    if (request.snapshot === null) return this.#append(recordsOf(request), urgency);
    this.#marking = request.snapshot.index;
    return this.#install(request.snapshot, recordsOf(request));
  }

  async saveSnapshot(_group: GroupId, { encode, ...head }: OwnSnapshot): Promise<void> {
    assert(head.index <= this.#log.lastIndex(), "a snapshot holds nothing that the log did not");
    await this.#saveFile({ ...head, data: await wholeOf(encode()) });
    // Overtaken meanwhile by a received or a later one: then the wait is for that mark.
    if (head.index <= this.#marking) return this.#append([]);
    this.#marking = head.index;
    await this.#append([markRecord(FLEET_GROUP, head, false)]);
    if (this.#marking === head.index) this.#shelve(head);
    this.#pruneFiles();
  }

  shelveSnapshot(): void {
    const { snapshotHead } = this.#log;
    const isDurable = snapshotHead.index <= (this.#mark?.index ?? 0);
    if (isDurable && snapshotHead.index > 0) this.#shelve(snapshotHead);
  }

  /** The simulation damages no file that was synced. */
  isSnapshotLost(): boolean {
    return false;
  }

  compact(_group: GroupId, through: LogIndex): void {
    if (through < this.#log.firstIndex()) return;
    assert(through <= (this.#mark?.index ?? 0), "a durable snapshot covers what is compacted");
    this.#log.compact(through);
    this.#removeSegments();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  // The snapshot's file first, then everything else of the request in one frame.
  async #install(snapshot: Snapshot, records: readonly WalRecord[]): Promise<void> {
    const saved = this.#saveFile(snapshot).catch((error: unknown) => this.#fail(error));
    this.#gate = this.#gate === null ? saved : this.#gate.then(() => saved);
    await this.#append(records);
    this.#pruneFiles();
    this.#removeSegments();
  }

  #append(records: readonly WalRecord[], urgency: Urgency = "sync"): Promise<void> {
    if (this.#gate === null) return this.#enqueue(records, urgency);
    const turn: Promise<{ readonly appended: Promise<void> }> = this.#gate.then(() => {
      if (this.#gate === turn) this.#gate = null;
      return { appended: this.#enqueue(records, urgency) };
    });
    this.#gate = turn;
    return turn.then(({ appended }) => appended);
  }

  #saveFile(snapshot: Snapshot): Promise<void> {
    const { disk } = this.#options;
    const { index, term } = snapshot;
    const name = snapshotFileName({ group: FLEET_GROUP, term, index });
    const bytes = encodeSnapshot(FLEET_GROUP, snapshot);
    disk.beginFile(name, bytes);
    return new Promise((resolve, reject) => {
      this.#whenThereIsSpace(() => {
        try {
          disk.finishFile(name, bytes);
          resolve();
        } catch (error) {
          this.#fail(error);
          reject(error);
        }
      });
    });
  }

  #shelve(head: SnapshotHead): void {
    this.#log.shelveSnapshot(head, () => this.#fetch());
  }

  #fetch(): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    const { index, term } = this.#log.snapshotHead;
    this.#options.whenDone(0, () => {
      this.#isFetching = false;
      const name = { group: FLEET_GROUP, term, index };
      const bytes = this.#options.disk.file(snapshotFileName(name));
      // A newer one has taken its place.
      if (bytes === undefined && this.#log.snapshotHead.index > index) return;
      const snapshot = decodeSnapshot(present(bytes, "the file of the newest durable mark is there"), name);
      assert(typeof snapshot !== "string", "the file of the newest durable mark is whole");
      this.#log.bringSnapshot(index, snapshot.data);
    });
  }

  #enqueue(records: readonly WalRecord[], urgency: Urgency): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const appended = this.#queue.add(records, urgency);
    if (!this.#isWriting) this.#writeBatch();
    return appended;
  }

  // Everything queued goes into one frame; the next batch gathers while it syncs (group commit).
  #writeBatch(): void {
    const batch = this.#queue.take(Number.POSITIVE_INFINITY);
    if (batch === null) return;
    this.#writeFrame(batch.records);
    this.#isWriting = true;
    this.#whenThereIsSpace(() => this.#synced(batch));
  }

  #writeFrame(records: readonly WalRecord[]): void {
    const { disk, segmentBytes, onFrame } = this.#options;
    const capacity = present(disk.segments.at(-1), "there is a segment").bytes.length;
    const needed = frameBytes(payloadBytes(records));
    if (this.#end > 0 && this.#end + needed > capacity) this.#cut(Math.max(segmentBytes, 2 * needed));
    const isFirst = this.#end === 0;
    const frame = encodeFrame(this.#nextFrame, isFirst ? [...this.#checkpoint(), ...records] : records);
    disk.write(this.#end, frame);
    this.#end += frame.length;
    this.#nextFrame += 1;
    onFrame(records);
  }

  #whenThereIsSpace(action: () => void, ms = 0): void {
    this.#options.whenDone(ms, () => {
      this.#isFull = this.#options.disk.isFull;
      if (this.#isFull) this.#whenThereIsSpace(action, RETRY_EVERY_MS);
      else action();
    });
  }

  #synced(batch: Batch): void {
    try {
      this.#options.disk.sync();
    } catch (error) {
      this.#fail(error);
      batch.reject(this.#failure);
      return;
    }
    this.#noteDurable(batch.records);
    this.#isWriting = false;
    batch.resolve();
    this.#writeBatch();
  }

  #noteDurable(records: readonly WalRecord[]): void {
    const index = present(this.#segments.at(-1), "there is a segment");
    for (const record of records) {
      index.note(record);
      if (record.kind === "hard-state") this.#hardState = record.hardState;
      if (record.kind === "snapshot-mark") this.#mark = record.mark;
    }
    this.#options.onSynced(records);
  }

  #checkpoint(): WalRecord[] {
    const group = FLEET_GROUP;
    return [
      ...(this.#mark
        ? [{ kind: "snapshot-mark" as const, group, mark: { ...this.#mark, restartsLog: false } }]
        : []),
      ...(this.#hardState ? [{ kind: "hard-state" as const, group, hardState: this.#hardState }] : []),
    ];
  }

  #cut(bytes: number): void {
    const sequence = present(this.#segments.at(-1), "there is a segment").sequence + 1;
    this.#options.disk.addSegment(sequence, bytes);
    this.#segments.push(new SegmentIndex(sequence));
    this.#end = 0;
  }

  #removeSegments(): void {
    const covered = Math.min(this.#log.firstIndex() - 1, this.#mark?.index ?? 0);
    // The newest durable frame's segment stays: what is in flight may be lost.
    const keep = this.#end === 0 || this.#isWriting ? 2 : 1;
    while (this.#segments.length > keep) {
      const [oldest] = this.#segments;
      if (oldest === undefined || !oldest.isCovered(() => covered as LogIndex)) break;
      this.#segments.shift();
    }
    this.#options.disk.removeSegmentsBelow(present(this.#segments[0], "one segment stays").sequence);
  }

  #pruneFiles(): void {
    const { disk } = this.#options;
    const marked = this.#mark?.index ?? 0;
    for (const name of disk.fileNames()) {
      if ((parseSnapshotFileName(name)?.index ?? 0) < marked) disk.removeFile(name);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#queue.rejectAll(this.#failure);
  }
}
