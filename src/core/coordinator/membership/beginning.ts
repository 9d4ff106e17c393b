// How a replica begins in a group of the fleet's table (ADR-0049): pure. What must stay true: a replica begins with an
// empty state only where it is safe. No process of this node can have voted in that group before.

import { assert } from "../../base/assert.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { GroupRecord } from "../../wire/gen/fleet/v1/command.ts";

/** What a data folder says of one group. */
export interface FolderSight {
  readonly self: NodeId;
  readonly hasLog: boolean;
  /** Whether an earlier look has found that it may have been on the lost disk. */
  readonly isLost: boolean;
  /** Groups that were created at this index or earlier may have been on the disk that was lost. */
  readonly forgotThrough: LogIndex;
  /** Whether this replica has not been admitted to the fleet's own group since its disk was lost. */
  readonly isAmnesiac: boolean;
}

/**
 * "first": as one of its first voters, with an empty state. "again": with the log in the folder. "admission":
 * as a learner, once the group's log has added it.
 */
export type Beginning = "first" | "again" | "admission";

export function beginningOf(row: Pick<GroupRecord, "founders" | "version">, sight: FolderSight): Beginning {
  const { self, hasLog, isLost, forgotThrough, isAmnesiac } = sight;
  if (hasLog) return "again";
  const mayHaveVoted = isLost || isAmnesiac || row.version <= forgotThrough;
  if (mayHaveVoted || !row.founders.includes(self)) return "admission";
  assert(row.version > 0, "a group that has founders was created by an entry");
  return "first";
}
