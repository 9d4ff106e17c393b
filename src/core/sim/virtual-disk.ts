// One node's disk: the bytes of log segments and snapshot files. It outlives the node's processes. A frame that is
// being written is not safe before its sync: a crash keeps all of it, none of it, or some of its sectors.
// What must stay true: synced bytes never change, except by a wipe. A file appears whole or not at all, as the real
// storage's temporary file, sync and rename see to.

import { assert, present } from "../base/assert.ts";
import type { Chance } from "./chance.ts";

const SECTOR_BYTES = 512;

/** The failure that a fault has asked for: the node must stop. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

interface Segment {
  readonly sequence: number;
  /** Zeros where nothing was written. */
  bytes: Uint8Array;
}

interface Unsynced {
  readonly segment: Segment;
  readonly offset: number;
  readonly frame: Uint8Array;
}

export class VirtualDisk {
  readonly #chance: Chance;
  #segments: Segment[] = [];
  #files = new Map<string, Uint8Array>();
  #unsynced: Unsynced | null = null;
  readonly #unsavedFiles = new Map<string, Uint8Array>();
  /** The mark of a replica that lost its disk and is not yet a voter again (ADR-0002). */
  isMarked = false;
  /** Beside the mark: it holds the log that took the replica out and in again. */
  isWhole = false;
  isFull = false;
  /** The next sync fails. */
  isFailing = false;
  stalledUntilMs = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get segments(): readonly { readonly sequence: number; readonly bytes: Uint8Array }[] {
    return this.#segments;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** A segment of that size at least, all zeros. */
  addSegment(sequence: number, bytes: number): void {
    assert(
      sequence === (this.#segments.at(-1)?.sequence ?? sequence - 1) + 1,
      "segments ascend without a gap",
    );
    this.#segments.push({ sequence, bytes: new Uint8Array(bytes) });
  }

  removeSegmentsBelow(sequence: number): void {
    this.#segments = this.#segments.filter((segment) => segment.sequence >= sequence);
  }

  /** Begins to write `frame` at `offset` of the newest segment. */
  write(offset: number, frame: Uint8Array): void {
    assert(this.#unsynced === null, "a frame is written after its predecessor is synced");
    const segment = present(this.#segments.at(-1), "there is a segment to write to");
    assert(offset + frame.length <= segment.bytes.length, "a frame fits its segment");
    this.#unsynced = { segment, offset, frame };
  }

  /** What was written is safe from here on; throws a DiskError when that can't be known. */
  sync(): void {
    const { segment, offset, frame } = present(this.#unsynced, "something was written");
    this.#refuseIfBroken();
    segment.bytes.set(frame, offset);
    this.#unsynced = null;
  }

  beginFile(name: string, bytes: Uint8Array): void {
    this.#unsavedFiles.set(name, bytes);
  }

  finishFile(name: string, bytes: Uint8Array): void {
    this.#refuseIfBroken();
    this.#unsavedFiles.delete(name);
    this.#files.set(name, bytes);
  }

  file(name: string): Uint8Array | undefined {
    return this.#files.get(name);
  }

  fileNames(): string[] {
    return [...this.#files.keys()];
  }

  removeFile(name: string): void {
    this.#files.delete(name);
  }

  /** Everything from `offset` on becomes zeros: recovery cuts a torn tail. */
  cut(segment: number, offset: number): void {
    present(this.#segments[segment], "the segment is there").bytes.fill(0, offset);
  }

  /** Segments behind the first `count` hold nothing: they are made again when needed. */
  dropSegmentsBehind(count: number): void {
    this.#segments.length = count;
  }

  /** The process or the machine stopped. What was not synced is settled now. */
  crash(): void {
    if (this.#unsynced !== null) this.#settle(this.#unsynced);
    // Renamed perhaps, but the directory not yet synced.
    for (const [name, bytes] of this.#unsavedFiles) {
      if (this.#chance.permille(500)) this.#files.set(name, bytes);
    }
    this.#unsynced = null;
    this.#unsavedFiles.clear();
    this.isFailing = false;
  }

  /** Everything is lost. */
  wipe(): void {
    this.#segments = [];
    this.#files = new Map();
    this.#unsynced = null;
    this.#unsavedFiles.clear();
    this.isMarked = false;
    this.isWhole = false;
  }

  #settle({ segment, offset, frame }: Unsynced): void {
    const fate = this.#chance.below(3);
    if (fate === 0) return;
    if (fate === 1) {
      segment.bytes.set(frame, offset);
      return;
    }
    for (let from = 0; from < frame.length; ) {
      const to = Math.min(frame.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
      if (this.#chance.permille(500)) segment.bytes.set(frame.subarray(from, to), offset + from);
      from = to;
    }
  }

  #refuseIfBroken(): void {
    if (this.isFailing) throw new DiskError("input/output error");
  }
}
