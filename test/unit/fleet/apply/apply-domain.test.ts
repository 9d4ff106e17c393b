import { expect, test } from "vitest";
import { listDomains } from "../../../../src/core/fleet/query.ts";
import { assign, brief, Replica, register, unassign } from "../replica.ts";

const SHARDS = [register("s1"), register("s2")];
// Its version is the log index of its last change: the third entry.
const ASSIGNED = [assign("zone", "a", "s1")];

test.each([
  { given: [], when: assign("zone", "a", "s1"), is: "changed v3", why: "a new domain" },
  { given: [], when: assign("zone", "a", "s1", 0), is: "changed v3", why: "absent, as expected" },
  {
    given: [],
    when: assign("zone", "a", "s1", 4),
    is: "VERSION_CONFLICT actual=0 expected=4",
    why: "absent",
  },
  { given: [], when: assign("zone", "a", "s9"), is: "SHARD_UNKNOWN shard=s9", why: "nobody registered s9" },
  { given: ASSIGNED, when: assign("zone", "a", "s1"), is: "unchanged v3", why: "the same owner again" },
  { given: ASSIGNED, when: assign("zone", "a", "s1", 3), is: "unchanged v3", why: "the same owner, seen" },
  {
    given: ASSIGNED,
    when: assign("zone", "a", "s2"),
    is: "DOMAIN_ALREADY_ASSIGNED owner=s1 version=3",
    why: "taking over needs the version that was seen",
  },
  { given: ASSIGNED, when: assign("zone", "a", "s2", 3), is: "changed v4", why: "the version was seen" },
  {
    given: ASSIGNED,
    when: assign("zone", "a", "s2", 0),
    is: "VERSION_CONFLICT actual=3 expected=0",
    why: "expected to be absent",
  },
  {
    given: [...ASSIGNED, unassign("zone", "a"), assign("zone", "a", "s1")],
    when: assign("zone", "a", "s2", 3),
    is: "VERSION_CONFLICT actual=5 expected=3",
    why: "a row made again is not the row that was seen",
  },
  { given: ASSIGNED, when: unassign("zone", "a"), is: "changed v0", why: "any version" },
  { given: ASSIGNED, when: unassign("zone", "a", 3), is: "changed v0", why: "the version was seen" },
  {
    given: ASSIGNED,
    when: unassign("zone", "a", 2),
    is: "VERSION_CONFLICT actual=3 expected=2",
    why: "it changed since",
  },
  { given: [], when: unassign("zone", "a"), is: "unchanged v0", why: "idempotent" },
  {
    given: [],
    when: unassign("zone", "a", 3),
    is: "VERSION_CONFLICT actual=0 expected=3",
    why: "it was released, or never there",
  },
  { given: [], when: assign("", "a", "s1"), is: "INVALID_DOMAIN field=key", why: "an empty key" },
  {
    given: [],
    when: assign("zone", "a\0b", "s1"),
    is: "INVALID_DOMAIN field=value",
    why: "a control character",
  },
  { given: [], when: unassign("zone", "\ud800"), is: "INVALID_DOMAIN field=value", why: "a lone surrogate" },
  { given: [], when: assign("é".repeat(127), "a", "s1"), is: "INVALID_DOMAIN field=key", why: "254 bytes" },
  {
    given: [],
    when: assign("é".repeat(126), "Ünï=code /:", "s1"),
    is: "changed v3",
    why: "252 bytes, printable",
  },
])("$is: $why", ({ given, when, is }) => {
  const replica = new Replica().applyAll(SHARDS).applyAll(given);
  expect(brief(replica.apply(when))).toBe(is);
});

test("domains are listed by key, then value, however they share prefixes", () => {
  const replica = new Replica()
    .applyAll(SHARDS)
    .applyAll([assign("zone", "b", "s1"), assign("zone2", "a", "s1"), assign("zone", "a", "s2")]);
  const listed = listDomains(replica.state).map(({ key, value }) => `${key}=${value}`);
  expect(listed).toEqual(["zone=a", "zone=b", "zone2=a"]);
});
