// Keys longer than 4 KiB are not put, by whatever operation. Those of earlier builds are read and deleted.

import { expect, test } from "vitest";
import { assertKeyLength, assertKeyLengths } from "../../../../src/core/coordinator/etcd/key-length.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { TxnRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, del, put } from "./key-commands.ts";

const LONGEST = "k".repeat(4_096);
const LONG = `${LONGEST}k`;
const putOf = (key: string) => ({ request: { $case: "requestPut", value: { key: bytes(key) } } }) as const;
const deletionOf = (key: string) =>
  ({ request: { $case: "requestDeleteRange", value: { key: bytes(key) } } }) as const;
const txn = (value: Parameters<typeof TxnRequest.fromPartial>[0]) =>
  ({ $case: "txn", value: TxnRequest.fromPartial(value) }) as const;
const nested = (key: string) => ({
  request: { $case: "requestTxn" as const, value: { failure: [putOf(key)] } },
});

test.each([
  { kind: put(LONGEST, ""), isRefused: false, why: "a put of the longest key" },
  { kind: put(LONG, ""), isRefused: true, why: "a put of a longer one" },
  { kind: txn({ failure: [putOf("a"), putOf(LONG)] }), isRefused: true, why: "in a branch" },
  { kind: txn({ success: [nested(LONG)] }), isRefused: true, why: "in a nested transaction" },
  { kind: txn({ success: [nested(LONGEST)] }), isRefused: false, why: "the longest one there" },
  { kind: txn({ success: [deletionOf(LONG)] }), isRefused: false, why: "a deletion in a transaction" },
  { kind: del(LONG), isRefused: false, why: "a deletion" },
])("$why: refused $isRefused", ({ kind, isRefused }) => {
  const asked = () => assertKeyLengths(kind);
  if (isRefused) expect(asked).toThrow("etcdserver: request is too large");
  else expect(asked).not.toThrow();
});

test("a name of a lock or an election is as long as a key", () => {
  expect(() => assertKeyLength(bytes(LONGEST))).not.toThrow();
  expect(() => assertKeyLength(bytes(LONG))).toThrow("etcdserver: request is too large");
});

test("a long key of an earlier log is applied, found and deleted", () => {
  const space = new KeySpace();
  const longer = "k".repeat(1_400_000);
  apply(space, put(`${longer}1`, "one"), put(`${longer}2`, "two"));
  expect(Buffer.from(space.before(bytes(`${longer}2`), 4)?.value ?? []).toString()).toBe("two");
  apply(space, del(`${longer}1`));
  expect(space.keyCount).toBe(1);
});
