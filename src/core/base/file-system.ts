// The port to a file system: only what durable files, the storage and its lock need. `diskFiles` is the
// machine's own (disk-files.ts); the simulator has a virtual one that loses unsynced data (ADR-0018). What
// must stay true for both: content is durable after `sync`, and a synced write is durable or fails. A name is
// durable only after its directory was synced. Failures carry the operating system's code (system-error.ts).

/**
 * A file's content: whole, or in parts, so that other work can run between their writes. A part is written
 * before the next is requested.
 */
export type FileContent = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file that is being written. */
export interface NewFile {
  /** Appends to the earlier content. */
  fill(content: FileContent): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** An existing file whose every write is durable when its promise resolves. */
export interface SyncedFile {
  /** Resolves once the bytes are on stable storage. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** An existing file, which stays readable after its removal. */
export interface ReadableFile {
  readonly bytes: number;
  /** Returns fewer than `length` bytes at the end of the file. They may be in `scratch`, which has room for them. */
  read(position: number, length: number, scratch?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface FileStat {
  readonly isDirectory: boolean;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface FileSystem {
  /** Creates the file, or empties the existing one. */
  create(path: string, mode: number): Promise<NewFile>;
  /** Opens an existing file to append to it. */
  append(path: string): Promise<NewFile>;
  openSynced(path: string): Promise<SyncedFile>;
  openToRead(path: string): Promise<ReadableFile>;
  read(path: string): Promise<Uint8Array>;
  /** The names in a directory, in no particular order. */
  list(directory: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileStat>;
  makeDirectory(path: string, mode: number): Promise<void>;
  /** Replaces the file that has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Adds a second name to the file; EEXIST if the name exists. */
  link(from: string, to: string): Promise<void>;
  /** Succeeds if there is no such file. */
  remove(path: string): Promise<void>;
  /** How many bytes there is room for on the disk of this directory. */
  freeBytes(directory: string): Promise<number>;
  /** Makes creations, renames and removals of names in this directory durable. */
  syncDirectory(path: string): Promise<void>;
}
