// A file system with the faults of a board (ADR-0034). As on real disks, a full disk refuses new content but
// accepts writes to preallocated space. A failing disk fails every write and sync, and the storage stops.

import type { FileSystem, NewFile, SyncedFile } from "../../base/file-system.ts";
import type { FaultBoard } from "./fault-board.ts";

type DiskFaults = Pick<FaultBoard, "diskDelayMs" | "isDiskFull" | "isDiskFailing" | "pause">;

export function faultyFiles(files: FileSystem, faults: DiskFaults): FileSystem {
  const newFile = (path: string, file: NewFile): NewFile => ({
    fill: async (content) => {
      await disturb(faults, "write", path);
      if (faults.isDiskFull) throw systemError("ENOSPC", "no space left on device", "write", path);
      return file.fill(content);
    },
    sync: async () => {
      await disturb(faults, "fsync", path);
      return file.sync();
    },
    close: () => file.close(),
  });
  const syncedFile = (path: string, file: SyncedFile): SyncedFile => ({
    write: async (bytes, position) => {
      await disturb(faults, "write", path);
      return file.write(bytes, position);
    },
    close: () => file.close(),
  });
  return {
    ...files,
    create: async (path, mode) => newFile(path, await files.create(path, mode)),
    append: async (path) => newFile(path, await files.append(path)),
    openSynced: async (path) => syncedFile(path, await files.openSynced(path)),
    freeBytes: async (directory) => (faults.isDiskFull ? 0 : files.freeBytes(directory)),
    syncDirectory: async (path) => {
      await disturb(faults, "fsync", path);
      return files.syncDirectory(path);
    },
  };
}

/** Waits as long as the disk is slow; throws if it fails. */
async function disturb(faults: DiskFaults, operation: string, path: string): Promise<void> {
  // Stops waiting when the fault ends.
  if (faults.diskDelayMs > 0) await faults.pause(faults.diskDelayMs);
  if (faults.isDiskFailing) throw systemError("EIO", "i/o error", operation, path);
}

function systemError(code: string, words: string, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${words}, ${operation} '${path}' (a drill's fault)`), {
    ...{ code, path, syscall: operation },
  });
}
