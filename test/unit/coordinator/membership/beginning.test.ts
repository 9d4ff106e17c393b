// Whether a replica begins a group with an empty state, continues with its log, or must be admitted.

import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { beginningOf, type FolderSight } from "../../../../src/core/coordinator/membership/beginning.ts";

const FOUNDER = { founders: [1, 2, 3], version: 10 };
const SIGHT = {
  self: nodeId(1),
  hasLog: false,
  isLost: false,
  forgotThrough: logIndex(0),
  isAmnesiac: false,
};

test.each<{ sight: Partial<FolderSight>; row?: typeof FOUNDER; is: string; why: string }>([
  { sight: {}, is: "first", why: "a first voter, whose disk was never lost" },
  { sight: { self: nodeId(4) }, is: "admission", why: "it came later" },
  { sight: { hasLog: true }, is: "again", why: "a restart" },
  { sight: { hasLog: true, isLost: true }, is: "again", why: "a restart while it is being admitted" },
  {
    sight: { forgotThrough: logIndex(9) },
    is: "first",
    why: "its disk was lost before the group was created",
  },
  { sight: { forgotThrough: logIndex(10) }, is: "admission", why: "it may have voted with the lost disk" },
  { sight: { isAmnesiac: true }, is: "admission", why: "it does not know yet what it lost" },
  { sight: { isLost: true }, is: "admission", why: "it found that out before a restart" },
  {
    sight: {},
    row: { founders: [], version: 10 },
    is: "admission",
    why: "bootstrapped with the fleet, and not here",
  },
])("$why: $is", ({ sight, row = FOUNDER, is }) => {
  expect(beginningOf(row, { ...SIGHT, ...sight })).toBe(is);
});
