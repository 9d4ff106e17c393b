// The chain of audit entries at apply: what it begins with, what continues it, and that nothing of it exists under version 1.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { auditExportOf } from "../../../../src/core/fleet/audit/audit.ts";
import { chainHead, hashBefore, recomputedHash } from "../../../../src/core/fleet/audit/audit-chain.ts";
import { AUDIT_ENTRIES_MAX } from "../../../../src/core/fleet/limits.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import { AuditEntry } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { exported, member, Replica, raise, register } from "../replica.ts";

const shards = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => register(`s${from + at}`));

const chained = (...more: Parameters<typeof register>[0][]) =>
  new Replica().applyAll([raise(2), ...more.map((name) => register(name))]);

/** Recomputes every hash of the table, from what was trimmed on. */
function isWhole(state: FleetState): boolean {
  let previous = auditExportOf(state).trimmedHash;
  for (const entry of state.tables.audit.rows()) {
    if (entry.hash === "" && previous === "") continue;
    if (entry.hash !== recomputedHash(previous, entry)) return false;
    previous = entry.hash;
  }
  return previous === chainHead(state);
}

test("an entry's hash is SHA-256 of the entry's own message with the hash before it in its place", () => {
  const { audit } = chained("s1", "s2").state.tables;
  let previous = "";
  for (const entry of audit.rows()) {
    const message = AuditEntry.encode({ ...entry, hash: previous }).finish();
    expect(entry.hash).toBe(createHash("sha256").update(message).digest("hex"));
    previous = entry.hash;
  }
  expect(audit.size).toBe(3);
});

test("the chain begins with the raise to version 2: entries from before have no hash", () => {
  const { state } = new Replica().applyAll([register("s1"), raise(2), register("s2")]);
  const entries = [...state.tables.audit.rows()];
  expect(entries.map(({ hash }) => hash.length)).toEqual([0, 64, 64]);
  expect(entries[1]?.hash).toBe(recomputedHash("", entries[1] ?? AuditEntry.fromPartial({})));
  expect(isWhole(state)).toBe(true);
});

test("under version 1 there is no hash, and no bytes for one", () => {
  const { state } = new Replica().applyAll(shards(1, 3));
  expect([...state.tables.audit.rows()].every(({ hash }) => hash === "")).toBe(true);
  expect(chainHead(state)).toBe("");
});

test("a restored snapshot continues the chain as the replica does that it came from", () => {
  const one = chained("s1", "s2");
  const restored = decodeSnapshot(encodeSnapshot(one.state));
  if (!restored.ok) throw new Error(restored.message);
  const other = new Replica(restored.state);
  for (const replica of [one, other]) replica.apply(register("s3"));
  expect(chainHead(other.state)).toBe(chainHead(one.state));
  expect(other.state.hash()).toBe(one.state.hash());
  expect(isWhole(other.state)).toBe(true);
});

test("a recovery continues the chain of the copy that it goes on from", () => {
  const replica = chained("s1", "s2").applyAll([member(1), member(2)]);
  const before = chainHead(replica.state);
  const outcome = replica.apply({
    $case: "recoverFleet",
    value: {
      nodeId: 2,
      formerClusterId: "old",
      clusterId: "new",
      committedIndex: 4,
      lastIndex: 5,
      lostGroups: [],
      address: "",
    },
  });
  expect(outcome.result?.$case).toBe("applied");
  const [newest] = replica.state.tables.audit.rowsBack();
  expect(newest?.operation).toBe("recoverFleet");
  expect(newest?.hash).toBe(recomputedHash(before, newest ?? AuditEntry.fromPartial({})));
  expect(isWhole(replica.state)).toBe(true);
});

test("a dry run leaves the chain alone", () => {
  const { state } = chained("s1");
  const before = chainHead(state);
  const copy = new Replica(state.fork());
  copy.apply(register("s2"));
  expect(chainHead(state)).toBe(before);
  expect(chainHead(copy.state)).not.toBe(before);
});

test("when old entries are trimmed, the hash of the newest of them is kept", () => {
  const replica = chained().applyAll(shards(1, AUDIT_ENTRIES_MAX + 99));
  const before = [...replica.state.tables.audit.rows()][99];
  replica.apply(exported(replica.state.appliedIndex));
  const { state } = replica;
  expect(state.tables.audit.size).toBe(AUDIT_ENTRIES_MAX);
  expect(auditExportOf(state).trimmedHash).toBe(before?.hash);
  const oldest = state.tables.audit.firstKey() ?? 0;
  expect(hashBefore(state, oldest, auditExportOf(state).trimmedHash)).toBe(before?.hash);
  expect(isWhole(state)).toBe(true);
  replica.apply(register("next"));
  expect(isWhole(state), "one more, and one less").toBe(true);
});
