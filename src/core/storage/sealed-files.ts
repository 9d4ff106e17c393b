// Files whose content is sealed on the disk (ADR-0031). Callers read and write the content; the file holds
// the chunks of seal/sealed-stream. What must stay true: a file counts as whole only if its last chunk says
// so. A plain file is read only if the folder's ring allows it. Data added to an unfinished file is sealed anew
// together with the file's content. A chunk that a crash tore must not be written again with the same key and nonce.

import { basename } from "node:path";
import { TEMPORARY_SUFFIX } from "../base/durable-file.ts";
import type { FileContent, FileSystem, NewFile, ReadableFile } from "../base/file-system.ts";
import type { DataKey } from "../seal/key-ring.ts";
import {
  CHUNK_BYTES,
  contentBytes,
  readStreamHead,
  SEALED_CHUNK_BYTES,
  STREAM_HEAD_BYTES,
  StreamOpener,
  StreamSealer,
} from "../seal/sealed-stream.ts";
import { type ContentFiles, methodsOf } from "./content-files.ts";
import { PLAIN_KEY_ID } from "./frame-seal.ts";

const FILE_MODE = 0o600;
/** Four chunks, each with its tag. */
const PARTS_A_WRITE = 8;
const ADDED_AT_ONCE = 4 * CHUNK_BYTES;

export interface SealedFilesOptions {
  readonly files: FileSystem;
  readonly activeKey: () => DataKey;
  readonly secretOf: (keyId: number) => Uint8Array | null;
  /** Whether the file of that name is older than the folder's encryption. */
  readonly mayBePlain: (name: string) => boolean;
  /**
   * Called with each key that a file will be written with, before the file exists; the result is called once
   * it is closed.
   */
  readonly onUse: (keyId: number) => () => void;
}

/** A file's content can't be trusted; the message for the operator says why. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

export function sealedFiles(options: SealedFilesOptions): ContentFiles {
  const { files } = options;
  const openToRead = (path: string) => openSealed(path, options, "whole");
  return {
    ...methodsOf(files),
    create: (path, mode) => createSealed(path, mode, options),
    append: (path) => appendSealed(path, options),
    openToRead,
    openUnfinished: (path) => openSealed(path, options, "unfinished"),
    read: async (path) => {
      const file = await openToRead(path);
      try {
        return await file.read(0, file.bytes);
      } finally {
        await file.close();
      }
    },
  };
}

/** The key that sealed the file. PLAIN_KEY_ID = it is plain; null = it does not exist. */
export async function keyIdOfFile(path: string, files: FileSystem): Promise<number | null> {
  const file = await files.openToRead(path).catch(() => null);
  if (file === null) return null;
  try {
    const head = readStreamHead(await file.read(0, STREAM_HEAD_BYTES));
    return typeof head === "object" && head !== null ? head.keyId : PLAIN_KEY_ID;
  } finally {
    await file.close();
  }
}

async function createSealed(
  path: string,
  mode: number,
  { files, activeKey, onUse }: SealedFilesOptions,
): Promise<NewFile> {
  const key = activeKey();
  const done = onUse(key.id);
  const file = await files.create(path, mode).catch((error: unknown) => {
    done();
    throw error;
  });
  return new SealedFile(file, new StreamSealer(key.secret, key.id), done);
}

async function appendSealed(path: string, options: SealedFilesOptions): Promise<NewFile> {
  const { files } = options;
  const draft = path + TEMPORARY_SUFFIX;
  const before = await openSealed(path, options, "unfinished");
  try {
    const again = await createSealed(draft, FILE_MODE, options);
    try {
      for (let at = 0; at < before.bytes; at += ADDED_AT_ONCE)
        await again.fill(await before.read(at, ADDED_AT_ONCE));
      await files.rename(draft, path);
      return again;
    } catch (error) {
      await again.close();
      throw error;
    }
  } finally {
    await before.close();
  }
}

/** A file that is being written. The last chunk waits for `sync`, which says that the content is whole. */
class SealedFile implements NewFile {
  readonly #file: NewFile;
  readonly #sealer: StreamSealer;
  readonly #done: () => void;
  readonly #pending = new Uint8Array(CHUNK_BYTES);
  #held = 0;
  #isBegun = false;

  constructor(file: NewFile, sealer: StreamSealer, done: () => void) {
    this.#file = file;
    this.#sealer = sealer;
    this.#done = done;
  }

  fill(content: FileContent): Promise<void> {
    return this.#file.fill(this.#sealed(content instanceof Uint8Array ? [content] : content));
  }

  async sync(): Promise<void> {
    const last = this.#sealer.seal(this.#pending.subarray(0, this.#held), true);
    await this.#file.fill(Buffer.concat(this.#isBegun ? last : [this.#sealer.head, ...last]));
    await this.#file.sync();
  }

  async close(): Promise<void> {
    this.#done();
    await this.#file.close();
  }

  // A full chunk is kept until more data follow: the last one is sealed as the last.
  async *#sealed(
    parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (!this.#isBegun) {
      this.#isBegun = true;
      yield this.#sealer.head;
    }
    // Several chunks are written at once, because each write waits for a thread.
    let sealed: Uint8Array[] = [];
    for await (const part of parts) {
      for (let from = 0; from < part.length; ) {
        if (this.#held === CHUNK_BYTES) {
          this.#held = 0;
          sealed.push(...this.#sealer.seal(this.#pending, false));
        }
        if (sealed.length === PARTS_A_WRITE) {
          yield Buffer.concat(sealed);
          sealed = [];
        }
        const piece = part.subarray(from, from + CHUNK_BYTES - this.#held);
        this.#pending.set(piece, this.#held);
        this.#held += piece.length;
        from += piece.length;
      }
    }
    if (sealed.length > 0) yield Buffer.concat(sealed);
  }
}

async function openSealed(
  path: string,
  options: SealedFilesOptions,
  extent: "whole" | "unfinished",
): Promise<ReadableFile> {
  const file = await options.files.openToRead(path);
  try {
    const head = readStreamHead(await file.read(0, STREAM_HEAD_BYTES));
    if (typeof head === "string") throw new SealBroken(head);
    if (head === null) {
      if (options.mayBePlain(basename(path))) return file;
      throw new SealBroken("it is plain, yet everything in this folder is encrypted");
    }
    const secret = options.secretOf(head.keyId);
    if (secret === null)
      throw new SealBroken(`it was encrypted with key ${head.keyId}, which the folder does not have`);
    const opener = new StreamOpener(secret, head);
    const opened = extent === "whole" ? wholeFile(file, opener) : unfinishedFile(file, opener);
    // The end is read now, so that a cut-off file is not taken for one that ends there.
    if (extent === "whole") await opened.read(Math.max(0, opened.bytes - 1), 1);
    return opened;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function wholeFile(file: ReadableFile, opener: StreamOpener): ReadableFile {
  const bytes = contentBytes(file.bytes);
  if (bytes === null) throw new SealBroken("it was cut off: no encrypted file has that size");
  return readChunks(file, opener, bytes, Math.max(0, Math.ceil(bytes / CHUNK_BYTES) - 1));
}

function unfinishedFile(file: ReadableFile, opener: StreamOpener): ReadableFile {
  const chunks = Math.max(0, Math.floor((file.bytes - STREAM_HEAD_BYTES) / SEALED_CHUNK_BYTES));
  return readChunks(file, opener, chunks * CHUNK_BYTES, null);
}

/** `last` is the number of the last chunk; null = none of them is the last. */
function readChunks(
  file: ReadableFile,
  opener: StreamOpener,
  bytes: number,
  last: number | null,
): ReadableFile {
  const chunksFrom = async (first: number, end: number): Promise<Uint8Array> => {
    const at = STREAM_HEAD_BYTES + first * SEALED_CHUNK_BYTES;
    const sealed = await file.read(at, (end - first) * SEALED_CHUNK_BYTES);
    const parts: Uint8Array[] = [];
    for (let number = first; number < end; number++) {
      const from = (number - first) * SEALED_CHUNK_BYTES;
      const part = opener.open(number, sealed.subarray(from, from + SEALED_CHUNK_BYTES), number === last);
      if (part === null) throw new SealBroken(`its chunk ${number} was changed, moved or cut off`);
      parts.push(part);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  };
  return {
    bytes,
    read: async (position, length) => {
      const end = Math.min(position + length, bytes);
      const first = Math.floor(position / CHUNK_BYTES);
      // Empty content has one chunk, which is opened too: it proves that nothing is missing.
      const next = Math.max(Math.ceil(end / CHUNK_BYTES), last === 0 ? 1 : 0);
      if (next <= first) return new Uint8Array();
      const content = await chunksFrom(first, next);
      return content.subarray(position - first * CHUNK_BYTES, end - first * CHUNK_BYTES);
    },
    close: () => file.close(),
  };
}
