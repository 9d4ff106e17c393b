// Hashes of what the key space consists of. `hashVersion` and `hashLease` are added up over a snapshot's rows. The
// running digest takes in every change in order. So two replicas with the same digest have applied the same.

import { addLanes, hashRow, type Lanes, tableSeed } from "../fleet/tables/row-hash.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import type { Lease } from "./leases.ts";

const VERSION = tableSeed("key-version");
const LEASE = tableSeed("key-lease");
const STEP = tableSeed("key-step");

/** Five numbers of 64 bits, of which each hash uses the first ones. */
const scratch = new Uint8Array(40);
const numbers = new DataView(scratch.buffer);

export function hashVersion(kv: KeyValue, sub: number): Lanes {
  numbers.setFloat64(0, kv.modRevision);
  numbers.setFloat64(8, sub);
  numbers.setFloat64(16, kv.createRevision);
  numbers.setFloat64(24, kv.version);
  numbers.setBigInt64(32, kv.lease === "0" ? 0n : BigInt(kv.lease));
  return hashRow(hashRow(hashRow(VERSION, scratch), kv.key), kv.value);
}

export function hashLease({ id, ttlSeconds, grant, attachedAt }: Lease): Lanes {
  numbers.setBigInt64(0, BigInt(id));
  numbers.setFloat64(8, ttlSeconds);
  numbers.setFloat64(16, grant);
  numbers.setFloat64(24, attachedAt);
  // Snapshots of format 1 have hashes without it, and no lease that has it.
  return hashRow(LEASE, scratch.subarray(0, attachedAt === 0 ? 24 : 32));
}

/** The digest after a change that is known by its hash. */
export function nextDigest(digest: Lanes, change: Lanes): Lanes {
  numbers.setUint32(0, digest.low);
  numbers.setUint32(4, digest.high);
  return hashRow(addLanes(STEP, change), scratch.subarray(0, 8));
}

/** The hash of a change that is a kind and a number, such as a compaction. */
export function hashNumber(kind: string, value: number): Lanes {
  numbers.setFloat64(0, value);
  return hashRow(tableSeed(kind), scratch.subarray(0, 8));
}
