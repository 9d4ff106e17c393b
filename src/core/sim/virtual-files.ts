// The file system on which the real storage of one process runs here, in virtual time. Syncs and reads wait for the
// disk. All else is done at once, but now and then a little later. So a process can also be killed between two
// operations that no sync separates. What must stay true: nothing that a process began continues after the process has
// ended.

import { dirname } from "node:path";
import type { FileContent, FileSystem, NewFile, ReadableFile, SyncedFile } from "../base/file-system.ts";
import type { Chance } from "./chance.ts";
import type { Inode, VirtualDisk } from "./virtual-disk.ts";

export interface VirtualFilesOptions {
  readonly disk: VirtualDisk;
  readonly chance: Chance;
  /** How long a sync or a read takes. */
  readonly delayMs: () => number;
  /** Resolves so much later, unless the process has ended by then: then never. */
  readonly pass: (ms: number) => Promise<void>;
  /** Gets each use of the disk, also one that takes no time. */
  readonly onUse: () => void;
  /** Gets each synced write when it begins; its result is called when the write is done. */
  readonly onWrite: (path: string, bytes: Uint8Array, position: number) => () => void;
}

/** Of operations that wait for no disk, per mille that take a moment. */
const LATE_PERMILLE = 30;
const LATE_MS = 0.05;

export class VirtualFiles implements FileSystem {
  readonly #options: VirtualFilesOptions;

  constructor(options: VirtualFilesOptions) {
    this.#options = options;
  }

  async create(path: string): Promise<NewFile> {
    await this.#moment();
    this.#requireDirectory(dirname(path));
    return this.#newFile(this.#disk.create(path));
  }

  async append(path: string): Promise<NewFile> {
    return this.#newFile(this.#find(path));
  }

  #newFile(inode: Inode): NewFile {
    return {
      fill: async (content) => this.#fill(inode, content),
      sync: () => this.#sync(inode),
      close: () => Promise.resolve(),
    };
  }

  async openSynced(path: string): Promise<SyncedFile> {
    const inode = this.#find(path);
    return {
      write: async (bytes, position) => {
        const onSynced = this.#options.onWrite(path, bytes, position);
        this.#disk.write(inode, bytes, position);
        await this.#sync(inode);
        onSynced();
      },
      close: () => Promise.resolve(),
    };
  }

  async openToRead(path: string): Promise<ReadableFile> {
    const inode = this.#find(path);
    return {
      bytes: inode.cached.length,
      read: async (position, length) => {
        await this.#options.pass(this.#options.delayMs());
        return inode.cached.slice(position, position + length);
      },
      close: () => Promise.resolve(),
    };
  }

  async read(path: string): Promise<Uint8Array> {
    this.#find(path);
    await this.#options.pass(this.#options.delayMs());
    return this.#find(path).cached.slice();
  }

  async list(directory: string): Promise<readonly string[]> {
    this.#requireDirectory(directory);
    return this.#disk.list(directory);
  }

  async stat(path: string): Promise<{ isDirectory: boolean; bytes: number; modifiedMs: number }> {
    if (this.#disk.isDirectory(path)) return { isDirectory: true, bytes: 0, modifiedMs: 0 };
    return { isDirectory: false, bytes: this.#find(path).cached.length, modifiedMs: 0 };
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#moment();
    if (this.#disk.isDirectory(path)) throw failure("EEXIST", path);
    this.#requireDirectory(dirname(path));
    this.#disk.makeDirectory(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#moment();
    this.#disk.rename(this.#find(from), from, to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#moment();
    const inode = this.#find(from);
    if (this.#disk.inode(to) !== undefined) throw failure("EEXIST", to);
    this.#disk.name(inode, to);
  }

  async remove(path: string): Promise<void> {
    await this.#moment();
    this.#disk.remove(path);
  }

  async freeBytes(): Promise<number> {
    return this.#disk.isFull ? 0 : Number.MAX_SAFE_INTEGER;
  }

  async syncDirectory(path: string): Promise<void> {
    this.#requireDirectory(path);
    await this.#options.pass(this.#options.delayMs());
    if (this.#disk.isFailing) throw failure("EIO", path);
    this.#disk.syncDirectory(path);
  }

  get #disk(): VirtualDisk {
    this.#options.onUse();
    return this.#options.disk;
  }

  async #fill(inode: Inode, content: FileContent): Promise<void> {
    const parts: Uint8Array[] = [inode.cached];
    if (content instanceof Uint8Array) parts.push(content);
    else {
      for await (const part of content) {
        this.#options.onUse();
        // The parts may share one buffer.
        parts.push(part.slice());
      }
    }
    if (this.#disk.isFull) throw failure("ENOSPC", "write");
    this.#disk.fill(inode, joined(parts));
  }

  async #sync(inode: Inode): Promise<void> {
    await this.#options.pass(this.#options.delayMs());
    if (!this.#disk.isFailing) {
      this.#disk.sync(inode);
      return;
    }
    this.#disk.failSync(inode);
    throw failure("EIO", "fsync");
  }

  async #moment(): Promise<void> {
    const { chance, pass } = this.#options;
    if (chance.permille(LATE_PERMILLE)) await pass(LATE_MS);
  }

  #find(path: string): Inode {
    const inode = this.#disk.inode(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return inode;
  }

  #requireDirectory(path: string): void {
    if (!this.#disk.isDirectory(path)) throw failure("ENOENT", path);
  }
}

// Without a stack: most are of files that need not be there, and the stack would cost more than the rest of the start.
function failure(code: string, what: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = Object.assign(new Error(`${code}: ${what}`), { code });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
