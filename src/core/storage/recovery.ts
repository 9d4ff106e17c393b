// Reads the write-ahead log back at open. What must stay true: a torn tail is cut and reported. A torn tail
// is the one frame that was being written when the machine stopped; it was never acknowledged. Any other
// damage is refused with file and offset, because the lost data may have been acknowledged. Segments are read
// one at a time.

import { AssertionError, assert } from "../base/assert.ts";
import type { FileSystem } from "../base/file-system.ts";
import { giveBack } from "../base/give-back.ts";
import type { GroupId } from "../base/ids.ts";
import { decodePayload, findLaterFrame, readFrame } from "./frame.ts";
import { type FrameContent, type FrameReader, keyIdOf, plainFrames } from "./frame-seal.ts";
import type { WalRecord } from "./record.ts";
import { GroupReplay, type ReplayedGroup } from "./replay.ts";
import type { OnReport } from "./report.ts";
import { listSegments, type SegmentSize, segmentPath, shortnessOf } from "./segment.ts";
import { SegmentIndex } from "./segment-index.ts";
import { StorageCorrupt } from "./storage-errors.ts";

export interface RecoveredWal {
  readonly groups: ReadonlyMap<GroupId, ReplayedGroup>;
  /** Ascending; new frames are written to the last one. */
  readonly segments: readonly SegmentIndex[];
  /** Offset of the next frame in the last segment, and the size of that file. */
  readonly end: number;
  readonly capacity: number;
  readonly nextFrame: number;
  /** Whether the segment after the last exists already, filled with zeros. */
  readonly hasNextSegment: boolean;
}

/** Replays all segments in `directory`; throws an OperatorError when they can't be trusted. */
export async function recoverWal(
  directory: string,
  size: SegmentSize,
  files: FileSystem,
  onReport: OnReport,
  frames: FrameReader = plainFrames,
): Promise<RecoveredWal> {
  return new WalRecovery(
    directory,
    size,
    await listSegments(directory, files),
    files,
    onReport,
    frames,
  ).run();
}

interface Position {
  readonly segments: number;
  readonly end: number;
  readonly capacity: number;
}

class WalRecovery {
  readonly #directory: string;
  readonly #size: SegmentSize;
  readonly #sequences: readonly number[];
  readonly #files: FileSystem;
  readonly #onReport: OnReport;
  readonly #frames: FrameReader;
  readonly #groups = new Map<GroupId, GroupReplay>();
  readonly #segments: SegmentIndex[] = [];
  #lastFrame: number | null = null;
  #newest: { readonly file: string; readonly offset: number; readonly frame: Uint8Array } | null = null;
  /** The position after the last valid frame. */
  #position: Position = { segments: 0, end: 0, capacity: 0 };

  constructor(
    directory: string,
    size: SegmentSize,
    sequences: readonly number[],
    files: FileSystem,
    onReport: OnReport,
    frames: FrameReader,
  ) {
    this.#directory = directory;
    this.#size = size;
    this.#sequences = sequences;
    this.#files = files;
    this.#onReport = onReport;
    this.#frames = frames;
  }

  async run(): Promise<RecoveredWal> {
    this.#checkSequences();
    for (const sequence of this.#sequences) {
      const isWhole = await this.#replaySegment(sequence);
      if (!isWhole) break;
    }
    this.#checkStart();
    await this.#confirmNewest();
    const { segments, end, capacity } = this.#position;
    return {
      groups: new Map([...this.#groups].map(([group, replay]) => [group, this.#finish(replay)])),
      segments: this.#segments.slice(0, segments),
      end,
      capacity,
      nextFrame: (this.#lastFrame ?? 0) + 1,
      hasNextSegment: this.#sequences.length > segments,
    };
  }

  /** False if the segment ended in a torn tail, which is cut then: no segment follows it. */
  async #replaySegment(sequence: number): Promise<boolean> {
    const file = segmentPath(this.#directory, sequence);
    const bytes = await this.#files.read(file);
    const shortness = shortnessOf(bytes.length, this.#size);
    if (shortness !== null) throw new StorageCorrupt(file, bytes.length, shortness);
    const index = new SegmentIndex(sequence);
    this.#segments.push(index);
    if (this.#position.segments === 0) this.#moveTo(0, bytes.length);
    const isWhole = await this.#replayFrames(sequence, file, bytes, index);
    if (this.#newest !== null) this.#newest = { ...this.#newest, frame: new Uint8Array(this.#newest.frame) };
    giveBack(bytes);
    return isWhole;
  }

  async #replayFrames(
    sequence: number,
    file: string,
    bytes: Uint8Array,
    index: SegmentIndex,
  ): Promise<boolean> {
    for (let offset = 0; ; ) {
      const read = readFrame(bytes, offset);
      switch (read.kind) {
        case "end":
          return true;
        case "invalid":
          await this.#refuseUnlessTorn(sequence, bytes, offset, read);
          await this.#overwrite(file, offset, new Uint8Array(bytes.length - offset));
          this.#onReport({ kind: "torn-tail-cut", file, offset, claim: read.claim });
          return false;
        case "frame":
          this.#checkFrameSequence(file, offset, read.sequence);
          index.noteKey(keyIdOf(read));
          this.#replayFrame(file, offset, this.#recordsIn(sequence, file, offset, read), index);
          this.#newest = { file, offset, frame: bytes.subarray(offset, read.end) };
          this.#moveTo(read.end, bytes.length);
          offset = read.end;
      }
    }
  }

  #replayFrame(file: string, offset: number, payload: Uint8Array, index: SegmentIndex): void {
    try {
      for (const record of decodePayload(payload)) {
        index.note(record);
        this.#replayOf(record).apply(record);
      }
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      throw new StorageCorrupt(file, offset, `its records contradict each other (${error.message})`, error);
    }
  }

  // The frame's checksum was right. If it can't be opened, it was written completely, so it is not a torn
  // tail.
  #recordsIn(
    segment: number,
    file: string,
    offset: number,
    read: FrameContent & { readonly sequence: number },
  ): Uint8Array {
    const records = this.#frames.read({ segment, offset, sequence: read.sequence }, read);
    if (typeof records === "string") throw new StorageCorrupt(file, offset, `of the frame there: ${records}`);
    return records;
  }

  #replayOf(record: WalRecord): GroupReplay {
    const known = this.#groups.get(record.group);
    if (known !== undefined) return known;
    const fresh = new GroupReplay();
    this.#groups.set(record.group, fresh);
    return fresh;
  }

  #finish(replay: GroupReplay): ReplayedGroup {
    try {
      return replay.finish();
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      throw new StorageCorrupt(
        this.#directory,
        this.#position.end,
        `the log is incomplete (${error.message})`,
        error,
      );
    }
  }

  // A batch is written only after the one before it was synced. A frame behind the invalid one therefore
  // proves that this one was whole, and may have been acknowledged.
  async #refuseUnlessTorn(
    sequence: number,
    bytes: Uint8Array,
    offset: number,
    read: { readonly isTorn: boolean; readonly isCutShort: boolean; readonly claim: string },
  ): Promise<void> {
    const file = segmentPath(this.#directory, sequence);
    if (read.isCutShort && !this.#size.mayHaveGrown) {
      throw new StorageCorrupt(
        file,
        offset,
        `the file ends at ${bytes.length}, inside the frame there, yet its space was reserved before the frame was written`,
      );
    }
    const later = await this.#findLaterFrame(sequence, bytes, offset);
    if (later !== null) {
      throw new StorageCorrupt(
        file,
        offset,
        `the frame there can't be read (${read.claim}), yet ${later} follows it`,
      );
    }
    if (!read.isTorn) {
      throw new StorageCorrupt(file, offset, `the frame there was written completely, but ${read.claim}`);
    }
  }

  async #findLaterFrame(sequence: number, bytes: Uint8Array, offset: number): Promise<string | null> {
    // The first segment of all begins with frame 1.
    const last = this.#lastFrame ?? (this.#sequences[0] === 1 ? 0 : null);
    const inSegment = findLaterFrame(bytes, offset, last);
    if (inSegment !== null) return `a whole frame at offset ${inSegment}`;
    for (const later of this.#sequences.filter((other) => other > sequence)) {
      const file = segmentPath(this.#directory, later);
      const bytes = await this.#files.read(file);
      const isWritten = readFrame(bytes, 0).kind !== "end";
      giveBack(bytes);
      if (isWritten) return `a written segment ${file}`;
    }
    return null;
  }

  // The data that was read may be only in the page cache. The writer was killed before its sync, or the sync failed and
  // left the page marked clean. Writing the newest frame again and syncing makes it durable.
  async #confirmNewest(): Promise<void> {
    if (this.#newest !== null)
      await this.#overwrite(this.#newest.file, this.#newest.offset, this.#newest.frame);
  }

  async #overwrite(file: string, offset: number, bytes: Uint8Array): Promise<void> {
    const segment = await this.#files.openSynced(file);
    try {
      await segment.write(bytes, offset);
    } finally {
      await segment.close();
    }
  }

  #moveTo(end: number, capacity: number): void {
    this.#position = { segments: this.#segments.length, end, capacity };
  }

  #checkFrameSequence(file: string, offset: number, sequence: number): void {
    const expected = this.#lastFrame === null ? sequence : this.#lastFrame + 1;
    if (sequence !== expected) {
      throw new StorageCorrupt(file, offset, `frame ${sequence} stands where frame ${expected} belongs`);
    }
    this.#lastFrame = sequence;
  }

  #checkSequences(): void {
    const [first] = this.#sequences;
    if (first === undefined) throw new StorageCorrupt(this.#directory, 0, "it holds no segment of the log");
    for (const [position, sequence] of this.#sequences.entries()) {
      if (sequence === first + position) continue;
      const file = segmentPath(this.#directory, first + position);
      throw new StorageCorrupt(file, 0, "the file is missing, yet later segments of the log exist");
    }
  }

  // Older segments are removed only when a newer one holds a durable frame.
  #checkStart(): void {
    const first = this.#segments[0];
    assert(first !== undefined, "at least one segment was read");
    if (this.#lastFrame !== null || first.sequence === 1) return;
    const file = segmentPath(this.#directory, first.sequence);
    throw new StorageCorrupt(file, 0, "no segment of the log holds a frame, yet older segments were removed");
  }
}
