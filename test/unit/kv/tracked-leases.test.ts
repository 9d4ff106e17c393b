// Leases record when a key was attached last, from the first command of format 2 on (ADR-0067). So replicas that have
// applied the same, whatever they were restored from, refuse the same writes.

import { expect, test } from "vitest";
import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { LEASE_KEYS_MAX } from "../../../src/core/kv/leases.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { KeySpaceSnapshot } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { grant, opPut, opTxn, outcome, put, revoke, txn, txnRequest } from "./operations.ts";

const leased = (key: string): KeyOperationKind => put(key, "", { lease: "7" });

function apply(space: KeySpace, format: number, kind: KeyOperationKind, leasesSeenAt = 0): unknown {
  return space.apply({ format, atMs: 0, operations: [{ kind, leasesSeenAt }] }).map(outcome)[0];
}

const snapshotOf = (space: KeySpace) => Buffer.concat([...encodeKeySpace(space.capture())]);

function restored(space: KeySpace): KeySpace {
  const reader = new KeySpaceReader();
  expect(reader.add(snapshotOf(space))).toBeNull();
  const whole = reader.finish();
  if (!whole.ok) throw new Error(whole.message);
  return whole.keySpace;
}

/** Of a log of an earlier build: lease 7 got a key at revision 2. */
function early(): KeySpace {
  const space = new KeySpace();
  apply(space, 1, grant("7", 60));
  apply(space, 1, leased("a"));
  return space;
}

test("a snapshot of a log of format 1 is as earlier builds make it", () => {
  const { format, head, leases } = KeySpaceSnapshot.decode(snapshotOf(early()));
  expect(format).toBe(1);
  expect(head?.leasesTrackedFrom).toBe(0);
  expect(leases).toEqual([{ id: "7", ttlSeconds: 60, grant: 1, attachedAt: 0 }]);
});

test("entries of format 1 know no limits: a replay of them comes to what it came to", () => {
  const space = early();
  for (let at = 0; at <= LEASE_KEYS_MAX; at += 1) apply(space, 1, leased(`k${at}`));
  expect(space.leases.keyCountOf("7")).toBe(LEASE_KEYS_MAX + 2);
});

test("what was checked before leases recorded it is checked again", () => {
  const space = early();
  apply(space, 1, leased("b"));
  expect(apply(space, 2, revoke("7"), 2)).toBe("lease-changed");
  expect(apply(space, 2, revoke("7"), 3)).toMatchObject({ header: {} });
});

test.each(["replayed", "restored before", "restored after"])("a replica %s refuses the same", (how) => {
  let space = early();
  if (how === "restored before") space = restored(space);
  apply(space, 2, put("x"));
  apply(space, 2, leased("b"));
  if (how === "restored after") space = restored(space);
  expect(snapshotOf(space).toString("hex")).toBe(snapshotOf(restored(space)).toString("hex"));
  expect(space.leases.get("7")?.attachedAt).toBe(4);
  expect(apply(space, 2, revoke("7"), 3)).toBe("lease-changed");
  expect(space.leases.keysOf("7")).toEqual(["a", "b"]);
  expect(apply(space, 2, revoke("7"), 4)).toMatchObject({ header: {} });
});

test("a capture has the leases of its moment", () => {
  const space = early();
  apply(space, 2, leased("b"));
  const before = snapshotOf(space);
  const view = space.capture();
  apply(space, 2, leased("c"));
  expect(Buffer.concat([...encodeKeySpace(view)])).toEqual(before);
});

test.each([
  { kind: leased("c"), why: "a put" },
  { kind: txn([], [opPut("c", "", { lease: "7" })]), why: "a put of a transaction" },
  { kind: txn([], [], [opPut("c", "", { lease: "7" })]), why: "a put of the branch that does not run" },
  { kind: txn([], [opTxn(txnRequest([], [opPut("c", "", { lease: "7" })]))]), why: "a nested put" },
  { kind: revoke("7"), why: "a revocation" },
])("$why is refused if its lease got a key since it was checked", ({ kind }) => {
  const space = early();
  apply(space, 2, put("x"));
  apply(space, 2, leased("b"));
  expect(apply(space, 2, kind, 3)).toBe("lease-changed");
  expect(apply(space, 2, kind, 4)).toMatchObject({ header: {} });
});

test("a lease that was granted again under its id is another one", () => {
  const space = early();
  apply(space, 2, revoke("7"));
  apply(space, 2, grant("7", 60));
  apply(space, 2, leased("c"));
  expect(apply(space, 2, revoke("7"), 3)).toBe("lease-changed");
});
