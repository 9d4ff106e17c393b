// What requests for votes and their answers say beside: how far the sender knows the log to be committed. A voter may
// have missed that the configuration changed, and would ask for a majority of the old one for ever, while those who know
// better are refused for their shorter logs or may not lead. (TiKV's raft-rs does the same: "commit by vote".)

import { logIndex, term } from "../base/ids.ts";
import type { EntryId } from "./raft-log.ts";

const BYTES = 16;

export function encodeCommitHint({ index, term: of }: EntryId): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(index));
  view.setBigUint64(8, BigInt(of));
  return bytes;
}

/** Null if the bytes are none. */
export function decodeCommitHint(bytes: Uint8Array): EntryId | null {
  if (bytes.length !== BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  return { index: logIndex(Number(view.getBigUint64(0))), term: term(Number(view.getBigUint64(8))) };
}
