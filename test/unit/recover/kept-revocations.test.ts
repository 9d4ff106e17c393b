import { expect, test } from "vitest";
import { REVOCATIONS_MAX } from "../../../src/core/fleet/limits.ts";
import { missingRevocations, type RevocationList } from "../../../src/core/recover/kept-revocations.ts";

const S1 = "fleet://shard/s1";
const list = (
  version: number,
  subjects: readonly string[],
  incarnation = "a",
  issuedBeforeMs = 0,
): RevocationList => ({
  ...{ incarnation, version },
  denials: subjects.map((subject) => ({ subject, issuedBeforeMs })),
});

test.each([
  { lists: [], is: [], why: "no list is known" },
  { lists: [list(9, ["AA"])], is: [], why: "the copy has it" },
  { lists: [list(10, ["AA", "BB"])], is: ["BB"], why: "a later list has more" },
  { lists: [list(8, ["AA", "BB"])], is: [], why: "an earlier list has what was taken back since" },
  { lists: [list(9, ["BB"])], is: [], why: "a list of the same version can't have more" },
  { lists: [list(1, ["BB"], "b")], is: ["BB"], why: "a list of another incarnation can't be compared" },
  { lists: [list(10, ["CC"]), list(11, ["BB"])], is: ["BB", "CC"], why: "of several lists all is kept" },
  { lists: [list(10, ["not a serial", "0A", ""])], is: [], why: "what no row can hold is no revocation" },
])("$why", ({ lists, is }) => {
  const missing = missingRevocations(list(9, ["AA"]), lists);
  expect(missing).toEqual(is.map((subject) => ({ subject, issuedBeforeMs: 0 })));
});

test("of an identity the latest moment counts", () => {
  const lists = [list(10, [S1], "a", 3_000), list(11, [S1], "a", 2_000)];
  expect(missingRevocations(list(9, [S1], "a", 1_000), lists)).toEqual([
    { subject: S1, issuedBeforeMs: 3_000 },
  ]);
  expect(missingRevocations(list(9, [S1], "a", 4_000), lists)).toEqual([]);
});

test("more than the table has room for is not cut", () => {
  const many = Array.from({ length: REVOCATIONS_MAX }, (_, at) => (at + 1).toString(16).toUpperCase());
  expect(missingRevocations(list(9, []), [list(10, many)])).toHaveLength(REVOCATIONS_MAX);
  expect(missingRevocations(list(9, ["FFFFFF"]), [list(10, many)])).toBe("too-many");
});
