// The digest of a key space finds replicas that have not applied the same (ADR-0070): also a change that no key shows.

import { expect, test } from "vitest";
import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { compact, del, grant, perform, put, revoke } from "./operations.ts";

const term = (value: number): KeyOperationKind => ({ $case: "leaseTerm", value: { term: value } });
const keep = (windowMs: number, revisionsMax: number): KeyOperationKind => ({
  $case: "retention",
  value: { windowMs, revisionsMax, changeNumber: 0 },
});
const expire = (id: string): KeyOperationKind => ({
  $case: "leaseExpiry",
  value: { term: 0, leases: [{ id, grant: Number(id) }] },
});

/** Leases 1 and 2 have no keys. `a` has two versions, and nothing was compacted. */
function example(): KeySpace {
  const space = new KeySpace();
  for (const kind of [grant("1", 60), grant("2", 60), put("a", "1"), put("a", "2")]) perform(space, kind);
  return space;
}

function digestAfter(kind: KeyOperationKind): string {
  const space = example();
  expect(perform(space, kind).answer.ok).toBe(true);
  return space.digest;
}

test.each<{ what: string; kind: KeyOperationKind; other: KeyOperationKind }>([
  { what: "put", kind: put("a", "3"), other: put("a", "4") },
  { what: "deletion", kind: del("a"), other: put("a") },
  { what: "compaction", kind: compact(2), other: compact(3) },
  { what: "grant", kind: grant("3", 60), other: grant("3", 61) },
  { what: "revocation of a lease without keys", kind: revoke("1"), other: revoke("2") },
  { what: "expiry of a lease without keys", kind: expire("1"), other: expire("2") },
  { what: "takeover", kind: term(1), other: term(2) },
  { what: "window of retention", kind: keep(1_000, 0), other: keep(2_000, 0) },
  { what: "limit of revisions", kind: keep(0, 100), other: keep(0, 200) },
])("a replica that misses a change has another digest: $what", ({ kind, other }) => {
  const digest = digestAfter(kind);
  expect(digest).not.toBe(example().digest);
  expect(digestAfter(kind)).toBe(digest);
  expect(digestAfter(other)).not.toBe(digest);
});

test("leases that record when keys are attached have another digest than those that do not", () => {
  const [before, after] = [1, 2].map((format) => {
    const space = new KeySpace();
    space.apply({ format, atMs: 0, operations: [] });
    return space.digest;
  });
  expect(after).not.toBe(before);
});
