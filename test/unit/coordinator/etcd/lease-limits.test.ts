// One caller cannot fill every replica with leases, nor attach so many keys to one that its end is an election.

import { expect, test } from "vitest";
import { LeaseRoom } from "../../../../src/core/coordinator/etcd/lease-limits.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { TxnRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, del, put } from "./key-commands.ts";

const grant = (ID: string) => ({ $case: "leaseGrant", value: { ID, TTL: 10 } }) as const;
const LIMITS = { leases: 3, keysOfLease: 2 };

function space(leases: number, keys: number): KeySpace {
  const made = new KeySpace();
  for (let at = 1; at <= leases; at += 1) apply(made, grant(String(at)));
  for (let at = 0; at < keys; at += 1) apply(made, put(`k${at}`, "", "1"));
  return made;
}

const nested = (lease: string) => {
  const { value } = put("k", "", lease) as Extract<ReturnType<typeof put>, { $case: "put" }>;
  const success = [{ request: { $case: "requestPut" as const, value } }];
  const inner = { request: { $case: "requestTxn" as const, value: TxnRequest.fromPartial({ success }) } };
  return { $case: "txn" as const, value: TxnRequest.fromPartial({ failure: [inner] }) };
};

const several = (success: readonly string[], failure: readonly string[]) => {
  const of = (key: string) => {
    const { value } = put(key, "", "1") as Extract<ReturnType<typeof put>, { $case: "put" }>;
    return { request: { $case: "requestPut" as const, value } };
  };
  return {
    $case: "txn" as const,
    value: TxnRequest.fromPartial({ success: success.map(of), failure: failure.map(of) }),
  };
};

test.each([
  { leases: 2, keys: 0, kind: grant("9"), refused: null, why: "there is room for one more lease" },
  { leases: 3, keys: 0, kind: grant("9"), refused: "too many leases", why: "there is none" },
  { leases: 3, keys: 0, kind: put("k", "", "1"), refused: null, why: "a put grants none" },
  { leases: 1, keys: 1, kind: put("k", "", "1"), refused: null, why: "the lease has room for one more key" },
  { leases: 1, keys: 2, kind: put("k", "", "1"), refused: "too many keys attached", why: "it has none" },
  { leases: 2, keys: 2, kind: put("k", "", "2"), refused: null, why: "another lease has" },
  { leases: 1, keys: 2, kind: put("k", ""), refused: null, why: "a key without a lease" },
  {
    leases: 1,
    keys: 2,
    kind: nested("1"),
    refused: "too many keys attached",
    why: "in a nested transaction",
  },
  {
    leases: 1,
    keys: 2,
    kind: put("k1", "", "1"),
    refused: null,
    why: "a put to a key that has the lease already",
  },
  { leases: 2, keys: 2, kind: put("k1", "", "2"), refused: null, why: "a key that changes its lease" },
  {
    leases: 1,
    keys: 1,
    kind: several(["a", "b"], []),
    refused: "too many keys attached",
    why: "two puts of a branch",
  },
  { leases: 1, keys: 1, kind: several(["a"], ["b"]), refused: null, why: "only one branch runs" },
  {
    leases: 1,
    keys: 2,
    kind: several(["k0", "k1"], ["k0"]),
    refused: null,
    why: "all of them have the lease",
  },
  { leases: 1, keys: 2, kind: del("k0"), refused: null, why: "a deletion makes room" },
])("$why", ({ leases, keys, kind, refused }) => {
  const asked = () => new LeaseRoom(LIMITS).take(space(leases, keys).leases, kind);
  if (refused === null) expect(asked).not.toThrow();
  else expect(asked).toThrow(refused);
});

test("puts in flight take room until they are settled", () => {
  const room = new LeaseRoom(LIMITS);
  const { leases } = space(2, 1);
  const settle = room.take(leases, put("a", "", "1"));
  expect(() => room.take(leases, nested("1"))).toThrow("too many keys attached");
  expect(() => room.take(leases, put("b", "", "2"))).not.toThrow();
  settle();
  const settleNested = room.take(leases, nested("1"));
  expect(() => room.take(leases, put("a", "", "1"))).toThrow("too many keys attached");
  settleNested();
  expect(() => room.take(leases, put("a", "", "1"))).not.toThrow();
});

test("a key that a deletion in flight detaches counts when it is put again", () => {
  const room = new LeaseRoom(LIMITS);
  const full = space(1, 2);
  for (const key of ["k0", "k1"]) room.take(full.leases, put(key, "", "1"));
  apply(full, del("k0"), del("k1"));
  expect(() => room.take(full.leases, put("a", "", "1"))).toThrow("too many keys attached");
});
