// The port to a file system: what durable files, the storage and its lock ask of it, and no more. `diskFiles` is the
// machine's own (disk-files.ts); the simulator has a virtual one that loses what was not synced (ADR-0018). What must
// stay true of both: content is durable after `sync`, a synced write or never; a name is durable only after its
// directory was synced. Failures carry the operating system's code (system-error.ts).

/**
 * A file's content: whole, or in parts between whose writes others get their turn. A part is written before the next is
 * asked for.
 */
export type FileContent = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file that is being made. */
export interface NewFile {
  /** Behind what it was filled with before. */
  fill(content: FileContent): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is there, and whose every write is a promise kept. */
export interface SyncedFile {
  /** Resolves once the bytes are on stable storage. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A file that is there, and stays readable after it was removed. */
export interface ReadableFile {
  readonly bytes: number;
  /** Fewer than `length` at its end. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface FileStat {
  readonly isDirectory: boolean;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface FileSystem {
  /** Makes the file, or empties the one that is there. */
  create(path: string, mode: number): Promise<NewFile>;
  /** Opens a file that is there, to be filled further. */
  append(path: string): Promise<NewFile>;
  openSynced(path: string): Promise<SyncedFile>;
  openToRead(path: string): Promise<ReadableFile>;
  read(path: string): Promise<Uint8Array>;
  /** The names in a directory, in no order. */
  list(directory: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileStat>;
  makeDirectory(path: string, mode: number): Promise<void>;
  /** Replaces what has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** A second name of the file; EEXIST if it is taken. */
  link(from: string, to: string): Promise<void>;
  /** Of a file that is not there, nothing is left to remove. */
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals of names in this directory durable. */
  syncDirectory(path: string): Promise<void>;
}
