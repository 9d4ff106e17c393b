// Sizes by which the core limits messages, windows and batches. An entry's encoded size is that of raftpb's
// encoding: tags, two varints and the payload. Limits in bytes therefore mean the same as in etcd. An entry's
// payload size is the data alone.

import { varintBytes } from "../base/varint.ts";
import type { Entry } from "./message.ts";

function encodedBytes(entry: Entry): number {
  const header = 2 + 1 + varintBytes(entry.term) + 1 + varintBytes(entry.index);
  const length = entry.data.length;
  return length === 0 ? header : header + 1 + varintBytes(length) + length;
}

export function encodedBytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + encodedBytes(entry), 0);
}

export function payloadBytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.data.length, 0);
}

/**
 * The longest prefix whose encoded size is within `bytesMax`, but at least one entry: otherwise a large entry
 * would block progress.
 */
export function limitBytes(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let sum = 0;
  for (const [position, entry] of entries.entries()) {
    sum += encodedBytes(entry);
    if (sum > bytesMax && position > 0) return entries.slice(0, position);
  }
  return entries;
}
