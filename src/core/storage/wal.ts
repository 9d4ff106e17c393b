// The write-ahead log's writer, shared by all groups of the process. Everything queued becomes one frame, one
// write and one sync (group commit); the next batch gathers while that sync runs. What must stay true: a
// promise resolves only after the sync that covers it and everything before it. One batch is in flight at a
// time. After a failure nothing is written any more, because the content of the disk is unknown (PostgreSQL's
// "fsyncgate").

import { assert, present } from "../base/assert.ts";
import type { SyncedFile } from "../base/file-system.ts";
import { type GroupId, type LogIndex, logIndex } from "../base/ids.ts";
import type { HardState } from "../raft/message.ts";
import { AppendQueue, type Urgency } from "./append-queue.ts";
import type { DiskSpace } from "./disk-space.ts";
import { encodeFrame, frameBytes, payloadBytes } from "./frame.ts";
import { type FrameSealer, PLAIN_KEY_ID } from "./frame-seal.ts";
import type { SnapshotMark, WalRecord } from "./record.ts";
import type { RecoveredWal } from "./recovery.ts";
import type { OnReport } from "./report.ts";
import { createSegment, segmentPath } from "./segment.ts";
import { removeCoveredSegments } from "./segment-cleanup.ts";
import { SegmentIndex } from "./segment-index.ts";
import { storageWriteFailed } from "./storage-errors.ts";
import type { StorageWorld } from "./storage-world.ts";
import type { SyncLatency } from "./sync-latency.ts";

interface WalOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  readonly world: Pick<StorageWorld, "files" | "clock">;
  readonly space: DiskSpace;
  readonly syncs: SyncLatency;
  readonly onReport: OnReport;
  /** Seals the next frame; null = frames are plain. */
  readonly sealer: () => FrameSealer | null;
}

export interface WalStats {
  readonly syncs: number;
  readonly bytesWritten: number;
  readonly segments: number;
  /** On the disk, whether anything is written there yet or not. */
  readonly reservedBytes: number;
}

/** A group's durable state that each segment repeats at its start. */
interface DurableHead {
  readonly hardState: HardState | null;
  readonly mark: SnapshotMark | null;
}

interface CurrentSegment {
  readonly index: SegmentIndex;
  readonly file: SyncedFile;
  readonly capacity: number;
  end: number;
}

export class Wal {
  readonly #options: WalOptions;
  readonly #heads = new Map<GroupId, DurableHead>();
  /** Ascending; the last one holds the newest durable frame. */
  #segments: readonly SegmentIndex[];
  #current: CurrentSegment;
  #nextFrame: number;
  /** The creation of the next segment: true once it is ready, false if it failed. */
  #prepared: Promise<boolean> | null;
  readonly #queue = new AppendQueue();
  #writing: Promise<void> | null = null;
  #cleaning: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #syncs = 0;
  #bytesWritten = 0;

  private constructor(options: WalOptions, recovered: RecoveredWal, file: SyncedFile) {
    this.#options = options;
    this.#segments = recovered.segments;
    this.#nextFrame = recovered.nextFrame;
    this.#prepared = recovered.hasNextSegment ? Promise.resolve(true) : null;
    const index = present(recovered.segments.at(-1), "a recovered log has a segment");
    this.#current = { index, file, capacity: recovered.capacity, end: recovered.end };
    for (const [group, { hardState, mark }] of recovered.groups) this.#heads.set(group, { hardState, mark });
  }

  /** Continues where `recovered` ended. */
  static async open(options: WalOptions, recovered: RecoveredWal): Promise<Wal> {
    const sequence = present(recovered.segments.at(-1), "a recovered log has a segment").sequence;
    const file = await options.world.files.openSynced(segmentPath(options.directory, sequence));
    return new Wal(options, recovered, file);
  }

  /**
   * Durable when the promise resolves, together with everything appended before. An append without records
   * waits for everything before it. Records that ride are not durable then: the next frame that another
   * append needs includes them. Rejects with an OperatorError, and so does every later call.
   */
  append(records: readonly WalRecord[], urgency: Urgency): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const appended = this.#queue.add(records, urgency);
    this.#writing ??= this.#drain();
    return appended;
  }

  /** Why nothing is written any more; null without a failure. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** The index of the group's newest durable snapshot; 0 without one. */
  durableSnapshotIndex(group: GroupId): LogIndex {
    return this.#heads.get(group)?.mark?.index ?? logIndex(0);
  }

  /**
   * Removes the oldest segments in the background, if they hold no entry above `coveredIndex` of each group.
   */
  removeCovered(coveredIndex: (group: GroupId) => LogIndex): void {
    this.#cleaning = this.#cleaning.then(async () => {
      const { directory, world, onReport } = this.#options;
      const removed = await removeCoveredSegments(
        directory,
        this.#segments,
        coveredIndex,
        world.files,
        onReport,
      );
      this.#segments = this.#segments.filter((segment) => !removed.has(segment));
    });
  }

  /**
   * The groups that need entries in any but the newest `kept` segments, each with the highest index of those
   * entries.
   */
  pinned(kept: number, coveredIndex: (group: GroupId) => LogIndex): ReadonlyMap<GroupId, LogIndex> {
    const old = this.#segments.slice(0, -kept);
    // Ascending, so that a later segment's higher index replaces an earlier one's.
    return new Map(old.flatMap((segment) => segment.uncovered(coveredIndex)));
  }

  /** How many segments hold frames of each key, by its id. */
  keyUse(): ReadonlyMap<number, number> {
    const use = new Map<number, number>();
    for (const { keyIds } of new Set([...this.#segments, this.#current.index])) {
      for (const id of keyIds) use.set(id, (use.get(id) ?? 0) + 1);
    }
    return use;
  }

  /** Resolves once the pending removals of segments are done. */
  get cleaned(): Promise<void> {
    return this.#cleaning;
  }

  stats(): WalStats {
    return {
      syncs: this.#syncs,
      bytesWritten: this.#bytesWritten,
      segments: this.#segments.length,
      reservedBytes: this.#segments.length * this.#options.segmentBytes,
    };
  }

  /** From now on every call rejects with `reason`; the current write ends in its own way. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#queue.rejectAll(this.#failure);
  }

  /** Waits for the queue, then closes all files. */
  async close(): Promise<void> {
    this.#failure ??= new Error("the storage is closed");
    await this.#writing;
    await this.#prepared;
    await this.#cleaning;
    await this.#current.file.close();
  }

  async #drain(): Promise<void> {
    // Messages that were sent with the first append leave before the disk is asked, because the others' disks
    // are waited for as well. Everything that becomes ready in this pass of the event loop joins the frame.
    await this.#options.world.clock.endOfPass();
    // At most a quarter of a segment for one frame, unless a single request is larger. A new segment then
    // wastes little space.
    const bytesMax = this.#options.segmentBytes / 4;
    for (let batch = this.#queue.take(bytesMax); batch !== null; batch = this.#queue.take(bytesMax)) {
      try {
        await this.#writeFrame(batch.records);
      } catch (error) {
        this.fail(
          storageWriteFailed(segmentPath(this.#options.directory, this.#current.index.sequence), error),
        );
        batch.reject(this.#failure);
        break;
      }
      batch.resolve();
    }
    this.#writing = null;
  }

  async #writeFrame(records: readonly WalRecord[]): Promise<void> {
    const isSealed = this.#options.sealer() !== null;
    const bytesOf = (of: readonly WalRecord[]) => frameBytes(payloadBytes(of), isSealed);
    const needed = bytesOf(this.#current.end === 0 ? this.#withCheckpoint(records) : records);
    if (this.#current.end + needed > this.#current.capacity) {
      await this.#cut(bytesOf(this.#withCheckpoint(records)));
    }
    const current = this.#current;
    const isFirst = current.end === 0;
    const place = { segment: current.index.sequence, offset: current.end, sequence: this.#nextFrame };
    // Taken only now: while a segment was made, the key may have been rotated and the old one dropped.
    const sealer = this.#options.sealer();
    const seal = sealer?.at(place) ?? null;
    const frame = encodeFrame(this.#nextFrame, isFirst ? this.#withCheckpoint(records) : records, seal);
    current.index.noteKey(sealer?.keyId ?? PLAIN_KEY_ID);
    assert(
      current.end + frame.length <= current.capacity,
      "a frame fits its segment, whose space is reserved",
    );
    await this.#put(frame, current);
    current.end += frame.length;
    this.#nextFrame += 1;
    this.#bytesWritten += frame.length;
    if (!this.#segments.includes(current.index)) this.#segments = [...this.#segments, current.index];
    this.#noteDurable(records);
    if (current.end > current.capacity / 2) this.#prepareNext();
  }

  async #put(frame: Uint8Array, { file, end }: CurrentSegment): Promise<void> {
    const { syncs } = this.#options;
    syncs.begin();
    await file.write(frame, end);
    syncs.end();
    this.#syncs += 1;
  }

  #noteDurable(records: readonly WalRecord[]): void {
    for (const record of records) {
      this.#current.index.note(record);
      const head = this.#heads.get(record.group) ?? { hardState: null, mark: null };
      if (record.kind === "hard-state")
        this.#heads.set(record.group, { ...head, hardState: record.hardState });
      if (record.kind === "snapshot-mark") this.#heads.set(record.group, { ...head, mark: record.mark });
    }
  }

  // Repeated at the start of each segment, so that older ones can be removed once their entries are not
  // needed.
  #withCheckpoint(records: readonly WalRecord[]): WalRecord[] {
    const heads = [...this.#heads].flatMap(([group, { hardState, mark }]): WalRecord[] => [
      ...(mark ? [{ kind: "snapshot-mark" as const, group, mark: { ...mark, restartsLog: false } }] : []),
      ...(hardState ? [{ kind: "hard-state" as const, group, hardState }] : []),
    ]);
    return [...heads, ...records];
  }

  // A frame larger than a segment gets a segment of its own size. Space is always reserved before it is
  // written to, so a file that ends inside a frame is damaged. An empty segment that is too small is made
  // again.
  async #cut(firstFrameBytes: number): Promise<void> {
    const { directory, segmentBytes, world } = this.#options;
    const capacity = Math.max(segmentBytes, firstFrameBytes);
    const isEmpty = this.#current.end === 0;
    const sequence = this.#current.index.sequence + (isEmpty ? 0 : 1);
    const isPrepared = !isEmpty && ((await this.#prepared) ?? false);
    if (!isEmpty) this.#prepared = null;
    if (!isPrepared || capacity > segmentBytes) await this.#createSegment(sequence, capacity);
    const file = await world.files.openSynced(segmentPath(directory, sequence));
    const { file: full, index } = this.#current;
    this.#current = { index: isEmpty ? index : new SegmentIndex(sequence), file, capacity, end: 0 };
    await full.close();
  }

  #prepareNext(): void {
    const { directory, segmentBytes, onReport } = this.#options;
    const sequence = this.#current.index.sequence + 1;
    this.#prepared ??= this.#createSegment(sequence, segmentBytes).then(
      () => true,
      (cause: unknown) => {
        onReport({ kind: "segment-not-prepared", file: segmentPath(directory, sequence), cause });
        return false;
      },
    );
  }

  // Nothing was written to the segment yet, so the writer waits for space: the queue is not acknowledged
  // until then.
  #createSegment(sequence: number, bytes: number): Promise<void> {
    const { directory, space, world } = this.#options;
    const create = () => createSegment(directory, sequence, bytes, world.files);
    return space.waitFor(segmentPath(directory, sequence), create);
  }
}
