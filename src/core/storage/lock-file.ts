// Keeps a second process out of a data folder. Node has no flock, so the lock is a file that names its holder
// by process id and start time. A killed holder leaves a stale lock, which is recognized even if another
// process has its id by now. What must stay true: the file appears with its content (by a hard link), never
// empty. A process removes a stale lock only while it holds the guard that is named after that lock and sees
// the lock still there. The stale lock's process is dead, so the same lock never appears again. A process
// that gets the guard too late finds another lock and leaves it alone.

import { join } from "node:path";
import { TEMPORARY_SUFFIX } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { ifAbsent, isErrno } from "../base/system-error.ts";
import { crc32c } from "./crc32c.ts";
import { diskWorld } from "./disk-world.ts";
import type { OnReport } from "./report.ts";
import { storageLocked } from "./storage-errors.ts";
import type { StorageWorld } from "./storage-world.ts";

export const LOCK_NAME = "lock";

const ATTEMPTS = 5;
const FILE_MODE = 0o666;

type LockWorld = Pick<StorageWorld, "files" | "processes">;

export class LockFile {
  readonly #path: string;
  readonly #files: FileSystem;

  private constructor(path: string, files: FileSystem) {
    this.#path = path;
    this.#files = files;
  }

  /** Throws STORAGE_LOCKED while a live process, perhaps this one, holds the folder. */
  static async acquire(
    directory: string,
    onReport: OnReport,
    world: LockWorld = diskWorld,
  ): Promise<LockFile> {
    const path = join(directory, LOCK_NAME);
    const attempt = new Acquisition(directory, `${await world.processes.own()}\n`, world, onReport);
    if (await attempt.take(path)) return new LockFile(path, world.files);
    throw storageLocked(directory, pidOf((await readHolder(path, world.files)) ?? attempt.own));
  }

  async release(): Promise<void> {
    await this.#files.remove(this.#path);
  }
}

/** The id of the live process that holds the folder, null when there is none. Changes nothing. */
export async function lockHolder(directory: string): Promise<number | null> {
  const { files, processes } = diskWorld;
  const held = await readHolder(join(directory, LOCK_NAME), files);
  return held !== null && (await processes.isAlive(held)) ? pidOf(held) : null;
}

/** One process's attempt to get the lock of one folder. */
class Acquisition {
  readonly own: string;
  readonly #directory: string;
  readonly #world: LockWorld;
  readonly #onReport: OnReport;

  constructor(directory: string, own: string, world: LockWorld, onReport: OnReport) {
    this.#directory = directory;
    this.own = own;
    this.#world = world;
    this.#onReport = onReport;
  }

  /** Makes this process the file's holder. False when others were faster in each attempt. */
  async take(path: string): Promise<boolean> {
    for (let count = 0; count < ATTEMPTS; count++) {
      if (await this.#create(path)) return true;
      await this.#clear(path);
    }
    return false;
  }

  /** Creates the file with this process's name; false if it names another one. */
  async #create(path: string): Promise<boolean> {
    const { files } = this.#world;
    const draft = `${path}-${pidOf(this.own)}${TEMPORARY_SUFFIX}`;
    // A killed process with the same id may have left the lock under a second name: emptying one would empty
    // both.
    await files.remove(draft);
    const file = await files.create(draft, FILE_MODE);
    try {
      await file.fill(new TextEncoder().encode(this.own));
    } finally {
      await file.close();
    }
    try {
      await files.link(draft, path);
      return true;
    } catch (error) {
      // ENOENT: the holder removed our draft as a leftover.
      if (isErrno(error, "EEXIST", "ENOENT")) return false;
      throw error;
    } finally {
      await files.remove(draft);
    }
  }

  /** Removes a dead process's file. Throws STORAGE_LOCKED when a live one is named, or is about to be. */
  async #clear(path: string): Promise<void> {
    const { files, processes } = this.#world;
    const held = await readHolder(path, files);
    if (held === null) return;
    if (await processes.isAlive(held)) throw storageLocked(this.#directory, pidOf(held));
    const guard = `${path}-after-${crc32c(new TextEncoder().encode(held)).toString(16)}${TEMPORARY_SUFFIX}`;
    // A guard is a lock too: the guard of a killed process is cleared in the same way, and so is that guard's guard.
    if (!(await this.take(guard))) return;
    try {
      if ((await readHolder(path, files)) !== held) return;
      await files.remove(path);
      this.#onReport({ kind: "stale-lock-removed", file: path, pid: pidOf(held) });
    } finally {
      await files.remove(guard);
    }
  }
}

async function readHolder(path: string, files: FileSystem): Promise<string | null> {
  return await files.read(path).then((bytes) => new TextDecoder().decode(bytes), ifAbsent(null));
}

function pidOf(held: string): number {
  return Number.parseInt(held, 10);
}
