// Files as the snapshots' code sees them: by their content, encrypted on the disk or not. `plainContent`
// reads and writes the disk directly; sealed-files.ts encrypts.

import type { FileSystem, ReadableFile } from "../base/file-system.ts";

export interface ContentFiles extends FileSystem {
  /**
   * Opens the rest of a file that was never finished. `openToRead` refuses such a file if it can detect it.
   */
  openUnfinished(path: string): Promise<ReadableFile>;
}

export function plainContent(files: FileSystem): ContentFiles {
  return { ...methodsOf(files), openUnfinished: (path) => files.openToRead(path) };
}

/** The methods of an object or a class's instance, copied to a plain object. */
export function methodsOf(files: FileSystem): FileSystem {
  return {
    create: (path, mode) => files.create(path, mode),
    append: (path) => files.append(path),
    openSynced: (path) => files.openSynced(path),
    openToRead: (path) => files.openToRead(path),
    read: (path) => files.read(path),
    list: (directory) => files.list(directory),
    stat: (path) => files.stat(path),
    makeDirectory: (path, mode) => files.makeDirectory(path, mode),
    rename: (from, to) => files.rename(from, to),
    link: (from, to) => files.link(from, to),
    remove: (path) => files.remove(path),
    freeBytes: (directory) => files.freeBytes(directory),
    syncDirectory: (path) => files.syncDirectory(path),
  };
}
