// What the KV service refuses before it is an entry: no client may write what replicas do not know (ADR-0015).

import { expect, test } from "vitest";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { kvService } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { PutRequest, TxnRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { ADMIN, callOf, FakeKeys } from "./key-store.ts";

// Field 999, an empty message. As a request of a transaction, no build knows it.
const FIELD_999 = [0xba, 0x3e, 0];
const success = (...request: number[]) => [(2 << 3) | 2, request.length, ...request];
const nested = (...transaction: number[]) => success((4 << 3) | 2, transaction.length, ...transaction);

test.each([
  { request: success(...FIELD_999), why: "an unknown request" },
  { request: nested(...success(...FIELD_999)), why: "an unknown request of a nested transaction" },
])("a transaction is refused before it is proposed: $why", async ({ request }) => {
  const keys = new FakeKeys({});
  const answer = kvService(keys.context, keys.store).txn(
    callOf(ADMIN, TxnRequest.decode(Uint8Array.of(...request))),
  );
  await expect(answer).rejects.toBe(ETCD_ERRORS.keyNotFound);
  expect(keys.written).toEqual([]);
});

test("an unknown field of a known request is dropped before the entry is made", async () => {
  const put = PutRequest.encode(PutRequest.fromPartial({ key: bytes("a"), value: bytes("1") })).finish();
  const read = PutRequest.decode(Uint8Array.of(...put, ...FIELD_999));
  expect(PutRequest.encode(read).finish()).toEqual(put);
});

// A replica that is one write behind: a read that is not serializable asks the others first.
test.each([
  { success: [], confirmed: 1, succeeded: true, why: "without reads" },
  { success: [{ serializable: false }], confirmed: 1, succeeded: true, why: "with a linearizable read" },
  { success: [{ serializable: true }], confirmed: 0, succeeded: false, why: "with serializable reads alone" },
])("a transaction of comparisons $why", async ({ success, confirmed, succeeded }) => {
  const keys = new FakeKeys({});
  keys.here = new KeySpace();
  keys.beforeRead = () => {
    keys.here = keys.space;
  };
  apply(keys.space, put("a", "1"));
  const request = TxnRequest.fromPartial({
    compare: [{ key: bytes("a"), result: 0, target: 3, targetUnion: { $case: "value", value: bytes("1") } }],
    success: success.map(({ serializable }) => ({
      request: { $case: "requestRange", value: { key: bytes("a"), serializable } },
    })),
  });
  const answer = kvService(keys.context, keys.store).txn(callOf(ADMIN, request));
  expect(await answer).toMatchObject({ succeeded });
  expect(keys.confirmedReads).toBe(confirmed);
});
