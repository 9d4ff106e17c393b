// A captured key space: what a snapshot is encoded from while commands are applied.

import type { Lanes } from "../fleet/tables/row-hash.ts";
import type { CapturedVersions } from "./history.ts";
import type { Lease } from "./leases.ts";
import type { RetentionState } from "./retention.ts";

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
