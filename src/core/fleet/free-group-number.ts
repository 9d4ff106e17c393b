// The number of a group that names none: pure.

import { GROUP_NUMBER_MAX } from "./limits.ts";
import type { FleetView } from "./state.ts";

/** The next one; once the highest number is taken, the lowest free one. There are more numbers than groups. */
export function freeGroupNumber({ groups }: Pick<FleetView["tables"], "groups">): number {
  const last = groups.lastRow()?.groupId ?? 0;
  if (last < GROUP_NUMBER_MAX) return last + 1;
  let free = 1;
  for (const { groupId } of groups.rows()) {
    if (groupId > free) break;
    free = groupId + 1;
  }
  return free;
}
