// The number of a new member. What must stay true: it is a number that no row has, removed members' rows included (ADR-0004).

import { isMemberNumber } from "../../base/ids.ts";

/** The number above all used ones. If there is none above, the lowest free one. */
export function unusedNumber(used: readonly number[]): number {
  const next = Math.max(0, ...used.filter(isMemberNumber)) + 1;
  if (isMemberNumber(next)) return next;
  const taken = new Set(used);
  let lowest = 1;
  while (taken.has(lowest)) lowest += 1;
  return lowest;
}
