// What no protocol could heal: the newest state is held by damaged replicas alone.

import { FLEET_GROUP } from "../base/ids.ts";
import type { SimNode } from "./node.ts";

/** Whether only replicas whose memory is damaged, which send no snapshot, could bring the others to the newest state. */
export function isCutOffByDamage(quorum: readonly SimNode[]): boolean {
  const known = quorum.map(({ process }) => ({
    isDamaged: process?.comparing?.trust.isDamaged ?? false,
    first: process?.storage.reader(FLEET_GROUP).firstIndex() ?? 0,
    last: process?.storage.reader(FLEET_GROUP).lastIndex() ?? 0,
  }));
  const newest = Math.max(...known.map(({ last }) => last));
  const sources = known.filter(({ last }) => last === newest);
  const needed = Math.min(...sources.map(({ first }) => first));
  return sources.every(({ isDamaged }) => isDamaged) && known.some(({ last }) => last + 1 < needed);
}
