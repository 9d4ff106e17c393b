// Exported snapshots in a folder, which may be a mounted share. What a crash leaves half-written is a draft, never an
// object; folders of other names are not looked into.

import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDirectoryDurably, syncDirectory, writeFileDurably } from "../base/durable-file.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import { parseSnapshotName } from "./snapshot-name.ts";
import type { SnapshotStore, StoredObject } from "./snapshot-store.ts";

export class DirectorySnapshotStore implements SnapshotStore {
  readonly place: string;

  /** `directory` is absolute; it is made when something is put there. */
  constructor(directory: string) {
    this.place = directory;
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#orRefuse(async () => {
      const path = join(this.place, key);
      await createDirectoryDurably(dirname(path));
      try {
        await writeFileDurably(path, bytes);
      } catch (error) {
        // A full disk would get an empty folder with every attempt; one that holds anything stays.
        await rmdir(dirname(path)).catch(() => undefined);
        throw error;
      }
    });
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.#orRefuse(() => orIfAbsent(null, () => readFile(join(this.place, key))));
  }

  list(): Promise<readonly StoredObject[]> {
    return this.#orRefuse(async () => {
      const names = await orIfAbsent([], () => readdir(this.place));
      const folders = names.filter((name) => parseSnapshotName(name) !== null);
      return (await Promise.all(folders.map((folder) => this.#listIn(folder)))).flat();
    });
  }

  delete(key: string): Promise<void> {
    return this.#orRefuse(async () => {
      const path = join(this.place, key);
      await rm(path, { force: true });
      await orIfAbsent(undefined, () => syncDirectory(dirname(path)));
      // The last object takes its folder with it; one that holds anything else stays.
      await rmdir(dirname(path)).catch(() => undefined);
    });
  }

  async #listIn(folder: string): Promise<StoredObject[]> {
    const names = await orIfAbsent([], () => readdir(join(this.place, folder)));
    const found = names.map(async (name): Promise<StoredObject[]> => {
      const about = await orIfAbsent(null, () => stat(join(this.place, folder, name)));
      return about?.isFile() ? [{ key: `${folder}/${name}`, modifiedMs: about.mtimeMs }] : [];
    });
    return (await Promise.all(found)).flat();
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

async function orIfAbsent<T, Absent>(absent: Absent, work: () => Promise<T>): Promise<T | Absent> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR"].includes(String(error.code)))
      return absent;
    throw error;
  }
}
