// Which voter campaigns when, if many groups need a leader at once. In each group another voter is first, so
// that leadership spreads over the processes. The groups follow in small batches, so that no turn carries all
// of them. Pure.

import type { GroupId, NodeId } from "../../base/ids.ts";

const GROUPS_PER_SLICE = 64;
const SLICE_MS = 20;

/** 0 = `self` campaigns first of these voters, 1 = second, …; null = it is not one of them. */
export function campaignRank(voters: readonly NodeId[], group: GroupId, self: NodeId): number | null {
  const position = voters.toSorted((a, b) => a - b).indexOf(self);
  if (position < 0) return null;
  return (position - (group % voters.length) + voters.length) % voters.length;
}

/** How long the group at this position in the list waits for its turn. */
export function sliceDelayMs(position: number): number {
  return Math.floor(position / GROUPS_PER_SLICE) * SLICE_MS;
}
