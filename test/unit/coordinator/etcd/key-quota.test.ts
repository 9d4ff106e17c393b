// A full key space refuses what adds to it, takes what makes room, and has room again after a compaction.

import { expect, test } from "vitest";
import { assertRoom, isOverQuota } from "../../../../src/core/coordinator/etcd/key-quota.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { TxnRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperation } from "../../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { apply, compact, del, put } from "./key-commands.ts";

type Kind = NonNullable<KeyOperation["kind"]>;

const QUOTA = 4 * 1024 * 1024;
const LARGE = "x".repeat(64 * 1024);

const request = (kind: Kind) => {
  if (kind.$case === "put") return { $case: "requestPut", value: kind.value } as const;
  if (kind.$case === "deleteRange") return { $case: "requestDeleteRange", value: kind.value } as const;
  if (kind.$case === "txn") return { $case: "requestTxn", value: kind.value } as const;
  throw new Error("no operation of a transaction");
};
const txn = (...kinds: Kind[]): Kind => ({
  $case: "txn",
  value: TxnRequest.fromPartial({ failure: kinds.map((kind) => ({ request: request(kind) })) }),
});

function full(bytes = QUOTA): KeySpace {
  const space = new KeySpace();
  for (let writes = 0; !isOverQuota(space, bytes); writes += 1) {
    if (writes > 1_000) throw new Error("the key space is never full");
    apply(space, put("a", LARGE));
  }
  return space;
}

test.each([
  { kind: put("b", "1"), isRefused: true, why: "a put" },
  { kind: { $case: "leaseGrant", value: { ID: "1", TTL: 10 } } as const, isRefused: true, why: "a grant" },
  { kind: txn(txn(put("b", "1"))), isRefused: true, why: "a put in a nested transaction" },
  { kind: txn(del("a")), isRefused: false, why: "a transaction that only deletes" },
  { kind: del("a"), isRefused: false, why: "a deletion" },
  { kind: compact(3), isRefused: false, why: "a compaction" },
])("$why in a full key space: refused $isRefused", ({ kind, isRefused }) => {
  const space = full();
  const asked = () => assertRoom(space, kind, QUOTA);
  if (isRefused) expect(asked).toThrow("database space exceeded");
  else expect(asked).not.toThrow();
});

test("after a compaction refused writes themselves free its space", () => {
  // Some operations' sweeps are not enough.
  const space = full(8 * QUOTA);
  apply(space, compact(space.currentRevision));
  let refused = 0;
  while (isOverQuota(space, QUOTA)) {
    if (refused > 1_000) throw new Error("nothing is freed");
    expect(() => assertRoom(space, put("b", "1"), QUOTA)).toThrow();
    refused += 1;
  }
  expect(refused).toBeGreaterThan(0);
  expect(() => assertRoom(space, put("b", "1"), QUOTA)).not.toThrow();
});
