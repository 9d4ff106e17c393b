// Every mutation that takes an expected version compares it before anything else about the row. It does so even when
// the row already is as asked for. A caller who expects a version is told when it is not the one.

import { expect, test } from "vitest";
import {
  assign,
  begin,
  bind,
  brief,
  drain,
  gate,
  move,
  type OperationKind,
  open,
  provider,
  quota,
  Replica,
  register,
  removeShard,
  settle,
  unassign,
  unbind,
} from "../replica.ts";

/** The same operation, with a version that its row must have. */
function expecting({ $case, value }: OperationKind, expectedVersion: number): OperationKind {
  return { $case, value: { ...value, expectedVersion } } as OperationKind;
}

const dropQuota: OperationKind = { $case: "removeQuota", value: { provider: "p", region: "r" } };
const dropProvider: OperationKind = { $case: "removeProvider", value: { name: "p" } };
const activate: OperationKind = { $case: "activateShard", value: { shardId: "s1" } };

const SHARDS = [register("s1"), register("s2")];
const MOVING = [bind("c1", "s1"), begin("c1", "s1", "s2", "m1")];

const DONE = [
  { what: "drain", given: [drain("s1")], when: drain("s1"), version: 2 },
  { what: "activate", given: [], when: activate, version: 1 },
  { what: "remove", given: [removeShard("s1")], when: removeShard("s1"), version: 2 },
  { what: "bind", given: [bind("c1", "s1")], when: bind("c1", "s1"), version: 3 },
  { what: "unbind", given: [], when: unbind("c1"), version: 0 },
  { what: "begin a rebind", given: MOVING, when: begin("c1", "s1", "s2", "m1"), version: 4 },
  { what: "settle a rebind", given: [...MOVING, settle("c1", "m1")], when: settle("c1", "m1"), version: 5 },
  { what: "assign", given: [assign("zone", "a", "s1")], when: assign("zone", "a", "s1"), version: 3 },
  { what: "unassign", given: [], when: unassign("zone", "a"), version: 0 },
  { what: "set a provider", given: [provider("p", 9)], when: provider("p", 9), version: 3 },
  { what: "remove a provider", given: [], when: dropProvider, version: 0 },
  {
    what: "set a quota",
    given: [provider("p", 9), quota("p", "r", 9)],
    when: quota("p", "r", 9),
    version: 4,
  },
  { what: "remove a quota", given: [], when: dropQuota, version: 0 },
  {
    what: "set a gate",
    given: [gate("first-contact", false)],
    when: gate("first-contact", false),
    version: 3,
  },
];

test.each(DONE)("$what, done already: the version must be the row's", ({ given, when, version }) => {
  const outcome = (expected: number) =>
    brief(new Replica().applyAll(SHARDS).applyAll(given).apply(expecting(when, expected)));
  expect(outcome(99)).toBe(`VERSION_CONFLICT actual=${version} expected=99`);
  expect(outcome(version)).toBe(`unchanged v${version}`);
});

test("a write that is retried in its session gets its first outcome, though it has itself overtaken the version", () => {
  const replica = new Replica().applyAll(SHARDS);
  const sessionId = replica.apply(open()).index;
  const first = replica.apply(drain("s1", 1), { sessionId, sequence: 1 });
  expect(brief(first)).toBe("changed v2");
  expect(replica.apply(drain("s1", 1), { sessionId, sequence: 1 })).toEqual(first);
  expect(brief(replica.apply(drain("s1", 1), { sessionId, sequence: 2 }))).toBe(
    "VERSION_CONFLICT actual=2 expected=1",
  );
});

// A file of moves that stopped between two batches is given again whole: its own first run has overtaken the versions.
test.each([
  { version: 0, is: "unchanged v0", why: "it was absent when the file was made" },
  { version: 2, is: "unchanged v0", why: "it has changed since, as this row asks" },
  { version: 3, is: "unchanged v0", why: "it is as it was seen" },
  { version: 4, is: "BATCH_REFUSED", why: "it never had this version" },
])("a row of a batch that is at its target, expected at $version: $why", ({ version, is }) => {
  const replica = new Replica().applyAll([...SHARDS, assign("zone", "a", "s1")]);
  expect(brief(replica.apply(move(["zone", "a", "s1", version])))).toBe(is);
});
