// The folder of snapshot files. What must stay true: the file that a group's newest durable mark names exists
// until a newer mark is durable. A file that no mark names is only an unfinished attempt.

import { join } from "node:path";
import { present } from "../base/assert.ts";
import { writeFileDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import type { GroupId, LogIndex } from "../base/ids.ts";
import { isSystemError } from "../base/system-error.ts";
import type { Snapshot, SnapshotHead } from "../raft/message.ts";
import type { DiskSpace } from "./disk-space.ts";
import type { OnReport } from "./report.ts";
import { SealBroken } from "./sealed-files.ts";
import {
  parseSnapshotFileName,
  type SnapshotName,
  snapshotFileName,
  snapshotParts,
} from "./snapshot-file.ts";
import type { SpooledData } from "./spooled-data.ts";
import { StorageCorrupt, storageWriteFailed } from "./storage-errors.ts";
import { openSnapshot, PART_BYTES } from "./stored-snapshot.ts";

// Files of different groups are synced in parallel, which costs disks little more than one sync.
const LANES = 4;

export interface NewestSnapshot {
  /** In milliseconds since 1970. */
  readonly savedAtMs: number;
  readonly bytes: number;
}

export class SnapshotFolder {
  readonly #directory: string;
  readonly #files: FileSystem;
  readonly #onReport: OnReport;
  readonly #space: DiskSpace;
  readonly #partBytes: number;
  /**
   * Each group's files are made one at a time: two attempts at one snapshot share a temporary file's name.
   */
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());

  /** A snapshot larger than `partBytes` stays in its file when it is loaded. */
  constructor(
    directory: string,
    space: DiskSpace,
    files: FileSystem,
    onReport: OnReport,
    partBytes = PART_BYTES,
  ) {
    this.#directory = directory;
    this.#files = files;
    this.#space = space;
    this.#onReport = onReport;
    this.#partBytes = partBytes;
  }

  /** Like `save`, for data that was spooled here: the spool file gets the snapshot's name. */
  adopt(group: GroupId, head: SnapshotHead, data: SpooledData): Promise<void> {
    const file = join(this.#directory, snapshotFileName({ group, term: head.term, index: head.index }));
    return this.#inLane(group, file, () => data.moveTo(file, this.#directory));
  }

  /**
   * The file is durable when the promise resolves. If the promise rejects with STORAGE_WRITE_FAILED, existing
   * files are untouched. Waits for space.
   */
  save(
    group: GroupId,
    head: SnapshotHead,
    encode: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const name = snapshotFileName({ group, term: head.term, index: head.index });
    const file = join(this.#directory, name);
    const write = () => writeFileDurably(file, snapshotParts(group, head, encode()), undefined, this.#files);
    return this.#inLane(group, file, write);
  }

  #inLane(group: GroupId, file: string, write: () => Promise<void>): Promise<void> {
    const lane = group % LANES;
    const saved = present(this.#lanes[lane], "every lane has an end").then(() =>
      this.#space.waitFor(file, write).catch((error: unknown) => {
        // The encoding of the state may fail too, which is not a failure of the disk.
        throw isSystemError(error) ? storageWriteFailed(file, error) : error;
      }),
    );
    this.#lanes[lane] = saved.catch(() => undefined);
    return saved;
  }

  /**
   * If the file is larger than `partBytes`, the data stay in it. Throws an OperatorError unless the file is
   * there and whole: the log below it may be gone.
   */
  async load(name: SnapshotName): Promise<Snapshot> {
    const file = join(this.#directory, snapshotFileName(name));
    const snapshot = await openReadable(file, name, this.#files, this.#partBytes);
    if (typeof snapshot === "string")
      throw new StorageCorrupt(file, 0, `the newest snapshot can't be used: ${snapshot}`);
    return snapshot;
  }

  /** The group's newest file: when it was written, in milliseconds since 1970, and how large it is; null without one. */
  async newest(group: GroupId): Promise<NewestSnapshot | null> {
    const own = (await this.#list()).filter((name) => name.group === group);
    const newest = own.toSorted((a, b) => b.index - a.index)[0];
    if (newest === undefined) return null;
    // The file may have been pruned since it was listed. Then a newer one exists, and the next call finds it.
    const found = await this.#files.stat(join(this.#directory, snapshotFileName(newest))).catch(() => null);
    return found === null ? null : { savedAtMs: found.modifiedMs, bytes: found.bytes };
  }

  /** Keeps the snapshot at `marked`, which a durable mark names, and the one before it. Never rejects. */
  async prune(group: GroupId, marked: LogIndex): Promise<void> {
    try {
      const older = (await this.#list()).filter((name) => name.group === group && name.index < marked);
      older.sort((a, b) => b.index - a.index);
      await this.#remove(older.slice(1));
    } catch (cause) {
      this.#onReport({ kind: "cleanup-failed", directory: this.#directory, cause });
    }
  }

  /** At open: removes files above each group's mark, left by a crash before their mark was durable. */
  async removeUnmarked(marked: (group: GroupId) => LogIndex): Promise<void> {
    await this.#remove((await this.#list()).filter((name) => name.index > marked(name.group)));
  }

  async #list(): Promise<SnapshotName[]> {
    return (await this.#files.list(this.#directory)).flatMap((name) => parseSnapshotFileName(name) ?? []);
  }

  async #remove(names: readonly SnapshotName[]): Promise<void> {
    for (const name of names) await this.#files.remove(join(this.#directory, snapshotFileName(name)));
  }
}

async function openReadable(
  file: string,
  name: SnapshotName,
  files: FileSystem,
  partBytes: number,
): Promise<Snapshot | string> {
  try {
    return await openSnapshot(file, name, files, partBytes);
  } catch (error) {
    if (error instanceof SealBroken) return error.message;
    throw new StorageCorrupt(
      file,
      0,
      "the newest snapshot's file can't be read, and the log may start behind it",
      error,
    );
  }
}
