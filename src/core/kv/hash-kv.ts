// etcd's HashKV (its `mvcc/hash.go`, v3.5.33): CRC-32C over all versions up to a revision, as etcd's database holds them.
// The value is etcd's own for the same history, so that the two can be compared.

import type { Slicing } from "../fleet/slices.ts";
import { type CapturedVersions, isTombstone } from "./history.ts";
import { storedKey, storedValue } from "./stored-version.ts";

const BUCKET = new TextEncoder().encode("key");
const VERSIONS_PER_SLICE = 1_000;
/** Hashed in some milliseconds: a thousand versions may have a gigabyte. */
const BYTES_PER_SLICE = 256 * 1024;

const TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** `captured` has the versions that the compaction at `compactRevision` left. */
export function* hashKv(
  captured: CapturedVersions,
  revision: number,
  compactRevision: number,
): Slicing<number> {
  const hasKept = yield* anyIsCurrent(captured, revision);
  let crc = absorb(0xffffffff, BUCKET);
  let seen = 0;
  let bytes = 0;
  for (const { kv, sub, endedAt } of captured.all()) {
    if (kv.modRevision > revision) break;
    seen += 1;
    bytes += kv.value.length;
    if (seen % VERSIONS_PER_SLICE === 0 || bytes >= BYTES_PER_SLICE) {
      yield;
      bytes = 0;
    }
    const isCurrent = endedAt > revision && !isTombstone(kv);
    if (kv.modRevision <= compactRevision && hasKept && !isCurrent) continue;
    if (kv.modRevision === compactRevision && isTombstone(kv)) continue;
    crc = absorb(absorb(crc, storedKey(kv, sub)), storedValue(kv));
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Otherwise etcd leaves out nothing. */
function* anyIsCurrent(captured: CapturedVersions, revision: number): Slicing<boolean> {
  let seen = 0;
  for (const { kv, endedAt } of captured.all()) {
    if (kv.modRevision > revision) return false;
    if (endedAt > revision && !isTombstone(kv)) return true;
    seen += 1;
    if (seen % VERSIONS_PER_SLICE === 0) yield;
  }
  return false;
}

function absorb(crc: number, bytes: Uint8Array): number {
  let next = crc;
  for (let at = 0; at < bytes.length; at += 1) {
    next = (TABLE[(next ^ (bytes[at] as number)) & 0xff] as number) ^ (next >>> 8);
  }
  return next;
}
