// A full key space refuses what adds to it, takes what makes room, and has room again after a compaction.

import { expect, test } from "vitest";
import { assertRoom, isOverQuota } from "../../../../src/core/coordinator/etcd/key-quota.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { decodeKeySpace, encodeKeySpace } from "../../../../src/core/kv/snapshot.ts";
import { TxnRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperation } from "../../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { apply, compact, del, put } from "./key-commands.ts";

type Kind = NonNullable<KeyOperation["kind"]>;

const MEGABYTE = 1024 * 1024;
const QUOTA = { bytes: 4 * MEGABYTE, promisedBytes: 6 * MEGABYTE };
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

function full(quota = QUOTA): KeySpace {
  const space = new KeySpace();
  for (let writes = 0; !isOverQuota(space, quota); writes += 1) {
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
  const space = full({ bytes: 32 * MEGABYTE, promisedBytes: 48 * MEGABYTE });
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

/** As the leader does: puts until one is refused. */
function fillWith(space: KeySpace, key: (at: number) => string, lease = "0"): number {
  for (let at = 0; ; at += 1) {
    if (isOverQuota(space, QUOTA)) return at;
    apply(space, put(key(at), "", lease));
  }
}

test("puts leave room for the deletion of every key, however often all are put and deleted", () => {
  const space = new KeySpace();
  for (let round = 0; round < 3; round += 1) {
    const filled = fillWith(space, (at) => `${round}-${at}-${"k".repeat(4_000)}`);
    expect(filled).toBeGreaterThan(50);
    apply(space, del("\0", "\0"));
    expect(space.keyCount).toBe(0);
    // A segment is reserved as a whole.
    expect(space.reservedBytes).toBeLessThan(QUOTA.promisedBytes + 2 * MEGABYTE);
    apply(space, compact(space.currentRevision));
    for (let sweeps = 0; sweeps < 100; sweeps += 1) space.sweep();
  }
});

test("the texts of keys with a lease take room, and give it back when the lease has ended", () => {
  const space = new KeySpace();
  apply(space, { $case: "leaseGrant", value: { ID: "7", TTL: 60 } });
  const key = (at: number) => `${at}-${"k".repeat(4_000)}`;
  const leased = fillWith(space, key, "7");
  expect(leased).toBeLessThan(0.85 * fillWith(new KeySpace(), key));
  apply(space, { $case: "leaseRevoke", value: { ID: "7" } });
  expect(space.promisedBytes).toBe(0);
});

test("a restored key space promises what the first one did", () => {
  const space = new KeySpace();
  apply(
    space,
    { $case: "leaseGrant", value: { ID: "7", TTL: 60 } },
    put("a", "1", "7"),
    put("b", "1"),
    put("a", "2", "7"),
  );
  apply(space, put("c", "1"), del("c"));
  const restored = decodeKeySpace(Buffer.concat([...encodeKeySpace(space.capture())]));
  expect(restored).toMatchObject({ ok: true, keySpace: { promisedBytes: space.promisedBytes } });
});
