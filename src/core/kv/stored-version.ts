// A version as a row of etcd's database: what etcd hashes, and what it writes to disk.

import { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { isTombstone } from "./history.ts";

const TOMBSTONE_MARK = 0x74;
const UNDERSCORE = 0x5f;
const REVISION_BYTES = 17;

/** The key under which etcd's database has the version. Its order is that of the versions. */
export function storedKey(kv: KeyValue, sub: number): Uint8Array {
  const bytes = new Uint8Array(isTombstone(kv) ? REVISION_BYTES + 1 : REVISION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(kv.modRevision));
  view.setUint8(8, UNDERSCORE);
  view.setBigUint64(9, BigInt(sub));
  if (isTombstone(kv)) view.setUint8(REVISION_BYTES, TOMBSTONE_MARK);
  return bytes;
}

/** A deletion is stored with its key alone. */
export function storedValue(kv: KeyValue): Uint8Array {
  return KeyValue.encode(isTombstone(kv) ? { ...kv, modRevision: 0 } : kv).finish();
}
