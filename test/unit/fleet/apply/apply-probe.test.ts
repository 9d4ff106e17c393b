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

test.each([
  { range: {}, is: ["d 0", "d 5", "d-1 0", "d1 7", "e 0"], why: "no limit" },
  { range: { fromNumber: 0, belowNumber: 1 }, is: ["d 0", "d-1 0", "e 0"], why: "of each only the first" },
])("the probes of every drill, in order: $is, $why", ({ range, is }) => {
  const probes = [probe("e", 0), probe("d", 5), probe("d1", 7), probe("d-1", 0), probe("d", 0)];
  const { state } = new Replica().applyAll(probes);
  expect(listProbes(state, "", range).map(({ drillId, number }) => `${drillId} ${number}`)).toEqual(is);
});

test.each([
  { drill: "partition", victims: ["n1"], is: "changed v1", why: "the entry is all there is of it" },
  { drill: "Partition!", victims: [], is: "INVALID_NAME", why: "what is in the log is a name" },
  { drill: "partition", victims: ["n1\n"], is: "INVALID_NAME", why: "victims are names, too" },
  { drill: "kill-all", victims: Array(65).fill("n1"), is: "TOO_MANY", why: "an entry has a bound" },
])("a drill is noted, $is: $why", ({ drill, victims, is }) => {
  const replica = new Replica();
  const hash = replica.state.hash();
  const noted = brief(replica.apply({ $case: "noteDrill", value: { drillId: "d-1", drill, victims } }));
  expect(noted).toContain(is);
  expect(replica.state.hash() === hash).toBe(is !== "changed v1");
});
