import { expect, test } from "vitest";
import { RecentDigests } from "../../../../src/core/coordinator/group/recent-digests.ts";

const lanesOf = (index: number) => ({ low: index, high: 0xffffffff });

test.each([
  { at: 5_000, known: true, why: "the newest" },
  { at: 905, known: true, why: "the oldest of 4096" },
  { at: 904, known: false, why: "its place was taken" },
  { at: 5_001, known: false, why: "not applied yet" },
  { at: 0, known: false, why: "nothing was applied" },
])("the digest at $at is known: $known, $why", ({ at, known }) => {
  const digests = new RecentDigests();
  for (let index = 900; index <= 5_000; index += 1) digests.remember(index, lanesOf(index));
  expect(digests.at(at)).toBe(known ? `ffffffff${at.toString(16).padStart(8, "0")}` : null);
});

test("after a snapshot was restored nothing from before it is known", () => {
  const digests = new RecentDigests();
  digests.remember(7, lanesOf(7));
  digests.forgetAll();
  expect(digests.at(7)).toBeNull();
});
