// Exported snapshots in a folder, which may be a mounted share. A file that a crash left half-written is a
// draft, never an object. Folders of other names are not read, and links are not followed. This program did not write
// what they lead to, so it must not delete it. One system call runs at a time. Each call that a hung share does not
// answer blocks one of the few threads that the process's own log needs too.

import { lstat, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDirectoryDurably, syncDirectory, writeFileDurably } from "../base/durable-file.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import { ifNoPath } from "../base/system-error.ts";
import { parseSnapshotName } from "./snapshot-name.ts";
import type { SnapshotStore, StoredObject } from "./snapshot-store.ts";

export class DirectorySnapshotStore implements SnapshotStore {
  readonly place: string;
  #last: Promise<unknown> = Promise.resolve();

  /** `directory` is absolute; the first write creates it. */
  constructor(directory: string) {
    this.place = directory;
  }

  put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, async () => {
      const path = join(this.place, key);
      try {
        await createDirectoryDurably(dirname(path));
        await writeFileDurably(path, bytes);
      } catch (error) {
        await removeIfEmpty(dirname(path));
        throw error;
      }
    });
  }

  get(key: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    return this.#inTurn(signal, () => readFile(join(this.place, key)).catch(ifNoPath(null)));
  }

  list(signal?: AbortSignal): Promise<readonly StoredObject[]> {
    return this.#inTurn(signal, async () => {
      const found: StoredObject[] = [];
      for (const folder of await readdir(this.place).catch(ifNoPath([]))) {
        if (parseSnapshotName(folder) !== null) found.push(...(await this.#listIn(folder)));
      }
      return found;
    });
  }

  delete(key: string, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(signal, async () => {
      const path = join(this.place, key);
      if (!key.endsWith("/")) {
        await rm(path, { force: true });
        await syncDirectory(dirname(path)).catch(ifNoPath(undefined));
      }
      // Removing the last object removes its folder.
      await removeIfEmpty(key.endsWith("/") ? path : dirname(path));
    });
  }

  async #listIn(folder: string): Promise<StoredObject[]> {
    const path = join(this.place, folder);
    const own = await lstat(path).catch(ifNoPath(null));
    if (own?.isDirectory() !== true) return [];
    const names = await readdir(path).catch(ifNoPath(null));
    if (names === null) return [];
    if (names.length === 0) return [{ key: `${folder}/`, bytes: 0, modifiedMs: own.mtimeMs }];
    const found: StoredObject[] = [];
    for (const name of names) {
      const about = await lstat(join(path, name)).catch(ifNoPath(null));
      if (about?.isFile())
        found.push({ key: `${folder}/${name}`, bytes: about.size, modifiedMs: about.mtimeMs });
    }
    return found;
  }

  #inTurn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return this.#orRefuse(work);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #orRefuse<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      throw new OperatorError("SNAPSHOT_STORE_FAILED", {
        what: `snapshots can't be kept in or read from ${this.place}: ${error.message}`,
        next: "make sure that the folder is there, has space and may be written to (a systemd unit: ReadWritePaths=)",
        exit: Exit.Failure,
        cause: error,
      });
    }
  }
}

/** A folder with content stays. */
async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}
