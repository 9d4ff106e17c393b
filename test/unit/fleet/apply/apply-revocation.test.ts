// Revoking certificates in the tables: what becomes a row, what is refused, and that the list's version rises with each change.

import { describe, expect, test } from "vitest";
import { renderAuditEntry } from "../../../../src/core/fleet/audit/render-audit.ts";
import { KNOWN_VERSION, requiredVersion } from "../../../../src/core/fleet/format.ts";
import { REVOCATIONS_MAX } from "../../../../src/core/fleet/limits.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import { REVOCATION_LIST_KEY } from "../../../../src/core/fleet/tables/schema.ts";
import { brief, type OperationKind, Replica } from "../replica.ts";

const SHARD = "fleet://shard/s1";
const AT_MS = 20_500;

const revoke = (subject: string, issuedBeforeMs = 0): OperationKind => ({
  $case: "revokeCertificate",
  value: { subject, issuedBeforeMs, holder: "", endsAtMs: 0 },
});
const unrevoke = (subject: string): OperationKind => ({ $case: "unrevokeCertificate", value: { subject } });
const at = { atMs: AT_MS };
const listOf = ({ state }: Replica) => state.tables.revocationLists.get(REVOCATION_LIST_KEY)?.version;

/** At the cluster version that knows revocations. */
function replica(): Replica {
  const one = new Replica();
  one.apply({ $case: "raiseClusterVersion", value: { version: KNOWN_VERSION, announced: [] } });
  return one;
}

test("an identity's certificates are revoked that were issued before the second of the command", () => {
  const one = replica();
  expect(brief(one.apply(revoke(SHARD), { ...at, reason: "stolen" }))).toBe("changed v2");
  expect(one.state.tables.revocations.get(SHARD)).toEqual({
    ...{ subject: SHARD, issuedBeforeMs: 20_000, holder: "", endsAtMs: 0 },
    ...{ sinceMs: AT_MS, by: "fleet://admin", reason: "stolen", version: 2 },
  });
  expect(listOf(one)).toBe(2);
});

const keep = (...subjects: readonly string[]): OperationKind => ({
  $case: "keepRevocations",
  value: {
    revocations: subjects.map((subject) => ({
      subject,
      issuedBeforeMs: subject.startsWith("fleet") ? 9_000 : 0,
    })),
  },
});

test.each([
  { given: [], when: keep("AA", SHARD), is: "changed v2", why: "a copy lacks them" },
  { given: [revoke("AA")], when: keep("AA"), is: "unchanged v3", why: "it has it" },
  { given: [revoke(SHARD)], when: keep(SHARD), is: "unchanged v3", why: "what it has is stronger" },
  { given: [revoke(SHARD, 8_000)], when: keep(SHARD), is: "changed v3", why: "what it has is weaker" },
  {
    given: [],
    when: keep("AA", "no serial"),
    is: "INVALID_REVOCATION field=subject",
    why: "no row can hold it",
  },
  { given: [], when: keep(), is: "unchanged v2", why: "there is nothing to keep" },
])("revocations that a copy lacks are kept: $why", ({ given, when, is }) => {
  const one = replica();
  for (const kind of given) one.apply(kind, at);
  const before = listOf(one);
  expect(brief(one.apply(when, at))).toBe(is);
  expect(listOf(one)).toBe(is.startsWith("changed") ? one.state.appliedIndex : before);
});

test("as many are kept as the table has room for, or none", () => {
  const serials = (from: number, count: number) =>
    Array.from({ length: count }, (_, each) => (from + each).toString(16).toUpperCase());
  const one = replica();
  one.apply(revoke("FFFFFF"));
  expect(brief(one.apply(keep(...serials(1, REVOCATIONS_MAX))))).toContain("TOO_MANY");
  expect(one.state.tables.revocations.size).toBe(1);
  expect(brief(one.apply(keep(...serials(1, REVOCATIONS_MAX - 1))))).toMatch(/^changed/);
});

test("a repeated revocation never becomes weaker", () => {
  const one = replica();
  one.apply(revoke(SHARD, 10_000), at);
  expect(brief(one.apply(revoke(SHARD, 9_000), at))).toBe("unchanged v2");
  expect(brief(one.apply(revoke(SHARD, 11_000), at))).toBe("changed v4");
  expect(one.state.tables.revocations.get(SHARD)?.issuedBeforeMs).toBe(11_000);
  expect(brief(one.apply(revoke("A1"), at))).toBe("changed v5");
  expect(brief(one.apply(revoke("A1"), at))).toBe("unchanged v5");
});

test("a revocation that is taken back is a change of the list too", () => {
  const one = replica();
  one.apply(revoke("A1"), at);
  expect(brief(one.apply(unrevoke("A1"), at))).toBe("changed v3");
  expect(one.state.tables.revocations.size).toBe(0);
  expect(listOf(one)).toBe(3);
  expect(brief(one.apply(unrevoke("A1"), at))).toBe("REVOCATION_UNKNOWN subject=A1");
});

describe("what is refused", () => {
  test.each([
    { subject: "", issued: 0, field: "subject", why: "nothing" },
    { subject: "0A", issued: 0, field: "subject", why: "a serial number that is not canonical" },
    { subject: "a1", issued: 0, field: "subject", why: "nor in upper case" },
    { subject: "A".repeat(41), issued: 0, field: "subject", why: "or longer than a serial number can be" },
    { subject: "https://example.com/x", issued: 0, field: "subject", why: "another system's identity" },
    { subject: `fleet://shard/${"s".repeat(300)}`, issued: 0, field: "subject", why: "one that is too long" },
    {
      subject: SHARD,
      issued: AT_MS + 1,
      field: "issued_before",
      why: "certificates that are not issued yet",
    },
  ])("$why", ({ subject, issued, field }) => {
    const one = replica();
    expect(brief(one.apply(revoke(subject, issued), at))).toBe(`INVALID_REVOCATION field=${field}`);
    expect(listOf(one)).toBeUndefined();
  });

  test("more than the list may have; what is there already may still change", () => {
    const one = replica();
    for (let number = 1; number <= REVOCATIONS_MAX; number++)
      one.apply(revoke(number.toString(16).toUpperCase()), at);
    expect(one.state.tables.revocations.size).toBe(REVOCATIONS_MAX);
    expect(brief(one.apply(revoke(SHARD), at))).toBe(`TOO_MANY limit=${REVOCATIONS_MAX} what=revocations`);
    one.apply(unrevoke("1"), at);
    expect(brief(one.apply(revoke(SHARD, 1_000), at))).toMatch("changed");
    expect(brief(one.apply(revoke(SHARD, 2_000), at))).toMatch("changed");
  });
});

test("the list survives a snapshot, to the same bytes and digest", () => {
  const one = replica();
  one.apply(revoke(SHARD), at);
  one.apply(revoke("A1"), at);
  const bytes = encodeSnapshot(one.state.capture());
  const read = decodeSnapshot(bytes);
  if (!read.ok) throw new Error(read.message);
  expect(read.state.hash()).toBe(one.state.hash());
  expect(encodeSnapshot(read.state)).toEqual(bytes);
  expect([...read.state.tables.revocations.rows()]).toEqual([...one.state.tables.revocations.rows()]);
  expect(listOf(new Replica(read.state))).toBe(listOf(one));
});

test("version 1 knows neither operation, and has no byte of the tables", () => {
  expect(requiredVersion(revoke("A1"))).toBe(2);
  expect(requiredVersion(unrevoke("A1"))).toBe(2);
  expect(new FleetState().tables.revocationLists.size).toBe(0);
});

test("the audit log says what was revoked, and who had it", () => {
  const one = replica();
  one.apply(revoke(SHARD), at);
  one.apply({
    $case: "revokeCertificate",
    value: { subject: "A1", issuedBeforeMs: 0, holder: "fleet://admin", endsAtMs: 0 },
  });
  one.apply(unrevoke("A1"));
  const lines = [...one.state.tables.audit.rows()].map((entry) => renderAuditEntry(entry).what);
  expect(lines.slice(1)).toEqual([
    "revoke earlier certificates of fleet://shard/s1",
    "revoke certificate A1 of fleet://admin",
    "unrevoke A1",
  ]);
});
