// The file system of the machine, by node:fs.

import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { type DiskRoom, roomOf } from "./disk-room.ts";
import type { FileSystem, NewFile, ReadableFile, SyncedFile } from "./file-system.ts";
import { isSystemError } from "./system-error.ts";

// Linux writes and syncs in one operation (open(2), O_DSYNC), so a frame waits for one thread of Node's pool,
// not for two in turn. On other systems that flag promises less than Node's sync, which is F_FULLFSYNC on
// macOS.
const SYNCS_EACH_WRITE = process.platform === "linux";

export const diskFiles: FileSystem = {
  create: async (path, mode) => newFile(path, await open(path, "w", mode)),
  append: async (path) => newFile(path, await open(path, constants.O_WRONLY | constants.O_APPEND)),
  openSynced: async (path) => {
    const handle = await open(path, constants.O_RDWR | (SYNCS_EACH_WRITE ? constants.O_DSYNC : 0));
    return syncedFile(path, handle);
  },
  openToRead: async (path) => readableFile(path, await open(path, "r")),
  read: (path) => namingFile(path, () => readWhole(path)),
  list: (directory) => readdir(directory),
  stat: async (path) => {
    const found = await stat(path);
    return { isDirectory: found.isDirectory(), bytes: found.size, modifiedMs: found.mtimeMs };
  },
  makeDirectory: async (path, mode) => {
    await mkdir(path, { mode });
  },
  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  remove: (path) => rm(path, { force: true }),
  freeBytes: async (directory) => (await diskRoom(directory)).freeBytes,
  syncDirectory: async (path) => {
    const handle = await open(path, "r");
    try {
      await namingFile(path, () => handle.sync());
    } finally {
      await handle.close();
    }
  },
};

/** Of the file system that holds the folder. It waits while that file system hangs, but never in the event loop. */
export async function diskRoom(directory: string): Promise<DiskRoom> {
  return roomOf(await statfs(directory));
}

/** In one operation: Node's readFile waits for a thread of its pool for each half megabyte. */
async function readWhole(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    let end = 0;
    for (let read = -1; read !== 0 && end < size; end += read) {
      read = (await handle.read(bytes, end, size - end, end)).bytesRead;
    }
    return end === size ? bytes : new Uint8Array(bytes.subarray(0, end));
  } finally {
    await handle.close();
  }
}

function newFile(path: string, handle: FileHandle): NewFile {
  return {
    fill: (content) => namingFile(path, () => handle.writeFile(content)),
    sync: () => namingFile(path, () => handle.sync()),
    close: () => handle.close(),
  };
}

async function readableFile(path: string, handle: FileHandle): Promise<ReadableFile> {
  const { size } = await handle.stat();
  return {
    bytes: size,
    read: (position, length, scratch = new Uint8Array(length)) =>
      namingFile(path, async () => {
        const { buffer, bytesRead } = await handle.read(scratch, 0, length, position);
        return buffer.subarray(0, bytesRead);
      }),
    close: () => handle.close(),
  };
}

function syncedFile(path: string, handle: FileHandle): SyncedFile {
  return {
    write: (bytes, position) =>
      namingFile(path, async () => {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
          done += bytesWritten;
        }
        if (!SYNCS_EACH_WRITE) await handle.datasync();
      }),
    close: () => handle.close(),
  };
}

/** The error of an operation on an open file does not name the file: "EIO: i/o error, fsync". */
async function namingFile<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!isSystemError(cause) || "path" in cause) throw cause;
    throw Object.assign(new Error(`${cause.message} '${path}'`, { cause }), { code: cause.code, path });
  }
}
