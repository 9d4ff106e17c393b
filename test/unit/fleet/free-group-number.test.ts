// No caller can use up the numbers of groups by one group with the highest number: the key space needs one (issue 11).

import { expect, test } from "vitest";
import { freeGroupNumber } from "../../../src/core/fleet/free-group-number.ts";
import { GROUP_NUMBER_MAX } from "../../../src/core/fleet/limits.ts";
import { createGroup, Replica } from "./replica.ts";

test.each([
  { taken: [], free: 1, why: "the first" },
  { taken: [1, 2], free: 3, why: "the next" },
  { taken: [7], free: 8, why: "the next, though lower ones are free" },
  { taken: [GROUP_NUMBER_MAX], free: 1, why: "the highest is taken" },
  { taken: [1, 2, 4, GROUP_NUMBER_MAX], free: 3, why: "the lowest gap" },
])("beside $taken: $free, $why", ({ taken, free }) => {
  const { state } = new Replica().applyAll(taken.map((group) => createGroup(group)));
  expect(freeGroupNumber(state.tables)).toBe(free);
});
