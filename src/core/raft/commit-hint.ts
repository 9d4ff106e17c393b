// Requests for votes and their answers also carry a commit hint: the newest entry that the sender knows to be
// committed. Without it an election can get stuck. A voter that missed a configuration change campaigns for a
// majority of the old configuration for ever. The members that know the change are refused because their logs
// are shorter, or may not lead. TiKV's raft-rs does the same ("commit by vote").

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

/** Null if the bytes are not a commit hint. */
export function decodeCommitHint(bytes: Uint8Array): EntryId | null {
  if (bytes.length !== BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTES);
  return { index: logIndex(Number(view.getBigUint64(0))), term: term(Number(view.getBigUint64(8))) };
}
