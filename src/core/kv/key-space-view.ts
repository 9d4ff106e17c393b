// A captured key space: what a snapshot is encoded from while commands are applied.

import type { Lanes } from "../fleet/tables/row-hash.ts";
import type { CapturedVersions } from "./history.ts";
import type { Lease } from "./leases.ts";
import type { RetentionState } from "./retention.ts";

/** A coordinator's process may take 1.5 GB, with 1 GB for V8's heap (process-memory.ts). */
export const KEY_SPACE_BYTES_MAX = 512 * 1024 * 1024;
/** The same with what keys may take without another put (`KeySpace.promisedBytes`), so that any deletion has room. */
export const KEY_SPACE_PROMISED_BYTES_MAX = 768 * 1024 * 1024;

/** Of a key that is put (coordinator/etcd/key-length.ts). Kubernetes' longest have some 600 bytes. */
export const KEY_BYTES_MAX = 4_096;

/** What a key space consists of beside its versions and leases. */
export interface Counts {
  readonly revision: number;
  readonly compactRevision: number;
  readonly digest: Lanes;
  readonly retention: RetentionState;
}

export interface KeySpaceView extends Counts {
  readonly grants: number;
  readonly term: number;
  readonly leasesTrackedFrom: number;
  readonly leases: Iterable<Lease>;
  readonly versions: CapturedVersions;
}
