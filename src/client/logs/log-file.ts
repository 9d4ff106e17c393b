// Reads a log file backwards from its end, and forwards as it grows. Memory is bounded, however long the file or a line is.
import { type FileHandle, open } from "node:fs/promises";
import { ifAbsent } from "../../core/base/system-error.ts";

const CHUNK_BYTES = 64 * 1024;
/** The rest of a longer line is left out. */
const LINE_BYTES_MAX = 256 * 1024;
const LINE_END = 0x0a;

/** In bytes; 0 for a file that does not exist. */
export async function sizeOf(path: string): Promise<number> {
  const file = await openOrNull(path);
  if (file === null) return 0;
  const { size } = await file.stat();
  await file.close();
  return size;
}

/**
 * The lines of the first `size` bytes, the newest first. The first one is what follows the last line end: empty unless a
 * line is being written. A file that does not exist has no lines.
 */
export async function* linesFromEnd(path: string, size: number): AsyncGenerator<string> {
  const file = await openOrNull(path);
  if (file === null) return;
  try {
    let end = size;
    // What was read of the line that begins before `end`.
    let rest = Buffer.alloc(0);
    while (end > 0) {
      const start = Math.max(0, end - CHUNK_BYTES);
      const chunk = await readAt(file, start, end - start);
      let lineEnd = chunk.length;
      for (let at = chunk.lastIndexOf(LINE_END); at !== -1; at = lastLineEnd(chunk, at)) {
        yield textOf(Buffer.concat([chunk.subarray(at + 1, lineEnd), rest]));
        rest = Buffer.alloc(0);
        lineEnd = at;
      }
      rest = Buffer.concat([chunk.subarray(0, lineEnd), rest]).subarray(0, LINE_BYTES_MAX);
      end = start;
    }
    yield textOf(rest);
  } finally {
    await file.close();
  }
}

/** Follows one log file. A file that was truncated is read from its beginning again. */
export class GrowingLog {
  readonly #path: string;
  #offset: number;
  #partial: Buffer;

  /** `offset`: what was read already, in bytes. `partial`: the beginning of the line that was being written there. */
  constructor(path: string, offset: number, partial: string) {
    this.#path = path;
    this.#offset = offset;
    this.#partial = Buffer.from(partial);
  }

  /** The complete lines that were written since the last call, oldest first; at most some thousand at once. */
  async read(): Promise<string[]> {
    const file = await openOrNull(this.#path);
    if (file === null) return [];
    try {
      const { size } = await file.stat();
      if (size < this.#offset) {
        this.#offset = 0;
        this.#partial = Buffer.alloc(0);
      }
      const chunk = await readAt(file, this.#offset, Math.min(size - this.#offset, 16 * CHUNK_BYTES));
      this.#offset += chunk.length;
      return this.#linesWith(chunk);
    } finally {
      await file.close();
    }
  }

  #linesWith(chunk: Buffer): string[] {
    const unread = Buffer.concat([this.#partial, chunk]);
    const end = unread.lastIndexOf(LINE_END) + 1;
    this.#partial = unread.subarray(end).subarray(0, LINE_BYTES_MAX);
    return end === 0
      ? []
      : unread
          .subarray(0, end - 1)
          .toString("utf8")
          .split("\n");
  }
}

const lastLineEnd = (chunk: Buffer, before: number): number =>
  before === 0 ? -1 : chunk.lastIndexOf(LINE_END, before - 1);

const textOf = (line: Buffer): string => line.subarray(0, LINE_BYTES_MAX).toString("utf8");

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  return await open(path).catch(ifAbsent(null));
}
