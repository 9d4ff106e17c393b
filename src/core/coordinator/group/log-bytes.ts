// How many bytes of entries a log has. Its tail is in memory, and ten thousand batches of moves are gigabytes. So the
// number of entries alone must not decide how much is kept. Pure.

import { assert } from "../../base/assert.ts";
import { type LogIndex, logIndex } from "../../base/ids.ts";
import { payloadBytesOf } from "../../raft/entry-size.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import type { Entry } from "../../raft/message.ts";

type Reader = Pick<LogReader, "entries" | "firstIndex">;

/**
 * The index up to which the log may be compacted, so that at most `bytesMax` stay of the entries after
 * `from`, through `last`.
 */
export function trailingFrom(log: Reader, from: LogIndex, last: LogIndex, bytesMax: number): LogIndex {
  const first = logIndex(Math.max(from + 1, log.firstIndex()));
  let bytes = 0;
  for (const { index, data } of entriesOf(log, first, last).toReversed()) {
    bytes += data.length;
    if (bytes > bytesMax) return index;
  }
  return from;
}

/** Of the entries from `first` through `last`; the log must have all of them. */
export function bytesBetween(log: Reader, first: LogIndex, last: LogIndex): number {
  return payloadBytesOf(entriesOf(log, first, last));
}

function entriesOf(log: Reader, first: LogIndex, last: LogIndex): readonly Entry[] {
  if (last < first) return [];
  const entries = log.entries(first, logIndex(last + 1), Number.MAX_SAFE_INTEGER);
  assert(typeof entries !== "string", "what is not compacted yet can be read");
  return entries;
}
