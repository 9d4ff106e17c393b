// Ids of leases that the server chooses.

import { randomBytes } from "node:crypto";

/** A positive number of 63 bits. */
export function newLeaseId(): string {
  // Never 0, which means none.
  return ((randomBytes(8).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn) | 1n).toString();
}
