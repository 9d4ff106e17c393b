// Who may take over a session, and for how long a refused agent is remembered.

import { expect, test } from "vitest";
import { DoubleDials, isSameAgent } from "../../../src/core/shard/double-dials.ts";

test.each([
  { living: "a", dialing: "a", is: true, why: "its connection broke" },
  { living: "a", dialing: "b", is: false, why: "another process" },
  { living: "a", dialing: "", is: false, why: "it does not say who it is" },
  { living: "", dialing: "", is: false, why: "neither says who it is" },
])("the same agent: $is, $why", ({ living, dialing, is }) => {
  expect(isSameAgent(living, dialing)).toBe(is);
});

test("refusals in a row are counted, with where the last one came from", () => {
  const dials = new DoubleDials();
  expect(dials.note("c2", "h:1", 1_000)).toBe(true);
  expect(dials.note("c2", "h:2", 31_000)).toBe(false);
  expect(dials.note("c1", "h:3", 32_000)).toBe(true);
  expect(dials.recent(33_000)).toEqual([
    { clusterId: "c1", from: "h:3", count: 1, firstAgeMs: 1_000, lastAgeMs: 1_000 },
    { clusterId: "c2", from: "h:2", count: 2, firstAgeMs: 32_000, lastAgeMs: 2_000 },
  ]);
});

test("who has not dialed for longer than an agent ever waits is forgotten, and counted anew", () => {
  const dials = new DoubleDials();
  dials.note("c1", "h:1", 0);
  expect(dials.isContested("c1", 45_000)).toBe(true);
  expect(dials.isContested("c1", 45_001)).toBe(false);
  expect(dials.recent(45_001)).toEqual([]);
  expect(dials.note("c1", "h:1", 50_000)).toBe(true);
  expect(dials.recent(50_000)).toMatchObject([{ count: 1, firstAgeMs: 0 }]);
});

test("a session that another agent took over is contested no more", () => {
  const dials = new DoubleDials();
  dials.note("c1", "h:1", 0);
  dials.forget("c1");
  expect(dials.isContested("c1", 1)).toBe(false);
});
