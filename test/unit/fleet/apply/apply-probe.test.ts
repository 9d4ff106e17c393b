// Probes as registers: a probe that says which count it expects is a compare-and-set.

import { expect, test } from "vitest";
import { listProbes } from "../../../../src/core/fleet/query.ts";
import { brief, probe, Replica } from "../replica.ts";

test.each([
  { before: [], expected: 0, is: "changed v1", why: "an absent probe counts 0" },
  { before: [probe("d", 1)], expected: 1, is: "changed v2", why: "it counts what was expected" },
  { before: [], expected: 1, is: "PROBE_CHANGED applications=0", why: "it was cleared, or never was" },
  {
    before: [probe("d", 1)],
    expected: 0,
    is: "PROBE_CHANGED applications=1",
    why: "another was there first",
  },
  { before: [probe("d", 1)], expected: undefined, is: "changed v2", why: "a write without it always counts" },
])("$is: $why", ({ before, expected, is }) => {
  const replica = new Replica().applyAll(before);
  expect(brief(replica.apply(probe("d", 1, expected)))).toBe(is);
});

test("a refused compare-and-set leaves the row as it was", () => {
  const replica = new Replica().applyAll([probe("d", 1)]);
  const hash = replica.state.hash();
  replica.apply(probe("d", 1, 7));
  expect(replica.state.hash()).toBe(hash);
  expect(listProbes(replica.state, "d")).toMatchObject([{ applications: 1 }]);
});
