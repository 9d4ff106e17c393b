// One caller cannot fill every replica with leases, nor attach so many keys to one that its end is an election. Every
// replica refuses when it applies, so the limits hold across leaders, however many writes are in flight (ADR-0067).

import { expect, test } from "vitest";
import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { LEASE_KEYS_MAX, LEASES_MAX } from "../../../src/core/kv/leases.ts";
import type { RequestOp } from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  del,
  grant,
  opDelete,
  opPut,
  opTxn,
  outcome,
  perform,
  put,
  revoke,
  txn,
  txnRequest,
} from "./operations.ts";

const MANY = "too-many-keys-of-lease";
const leased = (key: string, lease = "1"): KeyOperationKind => put(key, "", { lease });
const putOf = (key: string, lease = "1"): RequestOp => opPut(key, "", { lease });

/** Lease 1 has as many keys, k0 and so on; lease 2 has none. */
function space(keys: number): KeySpace {
  const made = new KeySpace();
  for (const id of ["1", "2"]) perform(made, grant(id, 60));
  for (let at = 0; at < keys; at += 1) expect(perform(made, leased(`k${at}`)).answer.ok).toBe(true);
  return made;
}

test.each<{ room: number; kind: KeyOperationKind; refused: string | null; why: string }>([
  { room: 1, kind: leased("k"), refused: null, why: "the lease has room for one more key" },
  { room: 0, kind: leased("k"), refused: MANY, why: "it has none" },
  { room: 0, kind: leased("k", "2"), refused: null, why: "another lease has" },
  { room: 0, kind: put("k"), refused: null, why: "a key without a lease" },
  { room: 0, kind: leased("k1"), refused: null, why: "a key that has the lease already" },
  { room: 0, kind: leased("k1", "2"), refused: null, why: "a key that changes its lease" },
  {
    room: 0,
    kind: txn([], [opTxn(txnRequest([], [putOf("k")]))]),
    refused: MANY,
    why: "in a nested transaction",
  },
  { room: 1, kind: txn([], [putOf("a"), putOf("b")]), refused: MANY, why: "two puts of a branch" },
  { room: 0, kind: txn([], [], [putOf("a")]), refused: null, why: "in the branch that does not run" },
  { room: 0, kind: txn([], [putOf("k0"), putOf("k1")]), refused: null, why: "all of them have the lease" },
  {
    room: 0,
    kind: txn([], [opDelete("k0"), putOf("a")]),
    refused: MANY,
    why: "a deletion of the same transaction makes no room",
  },
])("$why", ({ room, kind, refused }) => {
  const full = space(LEASE_KEYS_MAX - room);
  const { digest, currentRevision } = full;
  const applied = perform(full, kind);
  expect(applied.answer.ok ? null : applied.answer.error).toBe(refused);
  const isSame = full.digest === digest && full.currentRevision === currentRevision;
  expect(isSame || refused === null, "a refusal changes nothing").toBe(true);
});

test("a deletion makes room for the next put", () => {
  const full = space(LEASE_KEYS_MAX);
  perform(full, del("k0"));
  expect(perform(full, leased("k")).answer.ok).toBe(true);
});

test("there are so many leases and no more, until one ends", () => {
  const full = new KeySpace();
  for (let at = 1; at <= LEASES_MAX; at += 1) perform(full, grant(String(at), 60));
  expect(outcome(perform(full, grant("-1", 60)))).toBe("too-many-leases");
  perform(full, revoke("1"));
  expect(perform(full, grant("-1", 60)).answer.ok).toBe(true);
});
