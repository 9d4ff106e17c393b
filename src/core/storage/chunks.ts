// Regroups bytes that arrive in parts: into pieces of one size, or into one array.

import type { Snapshot } from "../raft/message.ts";

/** A snapshot's data in parts, whether they are in memory or in a file. */
export function partsOf(data: Snapshot["data"]): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return data instanceof Uint8Array ? [data] : data.read(0);
}

/**
 * The same bytes in pieces of `size`; the last one may be shorter. All pieces share one buffer, so each is
 * valid only until the next is requested. New buffers for megabytes would make the garbage collector pause
 * the process.
 */
export async function* inChunks(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = new Uint8Array(size);
  let end = 0;
  for await (const part of parts) {
    for (let from = 0; from < part.length; ) {
      const piece = part.subarray(from, from + size - end);
      chunk.set(piece, end);
      end += piece.length;
      from += piece.length;
      if (end < size) continue;
      yield chunk;
      end = 0;
    }
  }
  if (end > 0) yield chunk.subarray(0, end);
}

/** All of them in one array. */
export async function wholeOf(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  for await (const part of parts) kept.push(part);
  return new Uint8Array(Buffer.concat(kept));
}
