// How much one group may hold in memory. The fleet's own group has its own limits (limits.ts). The others
// share theirs evenly, so that a slow disk or follower costs a process a fixed amount however many groups it
// hosts. Pure.

import { assert } from "../../base/assert.ts";
import { GROUPS_MAX } from "../../fleet/limits.ts";
import type { RaftConfig } from "../../raft/raft-config.ts";
import { LIMITS } from "./limits.ts";
import type { OwnSnapshotsOptions } from "./own-snapshots.ts";

const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;
const SHARED_BYTES = 64 * MEGABYTE;
const SHARE_BYTES_MIN = 32 * KILOBYTE;

/** The largest entry of a group besides the fleet's own. */
export const GROUP_ENTRY_BYTES_MAX = 8 * KILOBYTE;

type GroupLimits = Pick<
  RaftConfig,
  | "messageBytesMax"
  | "inflightMessagesMax"
  | "inflightBytesMax"
  | "uncommittedBytesMax"
  | "committedBytesPerReadyMax"
> &
  Pick<
    OwnSnapshotsOptions,
    "heldLogBytesMax" | "snapshotEveryBytes" | "snapshotStretchMax" | "trailingBytes"
  >;

/** Each group's limits if there are `groups` of them besides the fleet's own. */
export function groupLimits(groups: number): GroupLimits {
  assert(groups >= 1 && groups <= GROUPS_MAX, `a process hosts 1 to ${GROUPS_MAX} more groups`);
  assert(GROUPS_MAX * SHARE_BYTES_MIN <= SHARED_BYTES, "each of the most groups has the smallest share");
  const share = Math.min(Math.floor(SHARED_BYTES / groups), MEGABYTE);
  assert(share >= 2 * GROUP_ENTRY_BYTES_MAX, "a share holds an entry and the next");
  return {
    messageBytesMax: share,
    inflightMessagesMax: 64,
    inflightBytesMax: share,
    uncommittedBytesMax: share,
    committedBytesPerReadyMax: Math.min(share, LIMITS.committedBytesPerReadyMax),
    heldLogBytesMax: share,
    // Twice the share: a group's snapshot is small, but its file costs a sync.
    snapshotEveryBytes: 2 * share,
    snapshotStretchMax: 1,
    trailingBytes: share,
  };
}
