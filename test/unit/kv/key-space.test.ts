// What etcd promises of each operation, one example each. Random sequences against a model and against etcd itself are
// in key-space.property.test.ts and test/integration.

import { expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { decodeKeyCommand } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import type {
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
} from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  bytes,
  compact,
  compare,
  del,
  entry,
  grant,
  listed,
  opDelete,
  opPut,
  opRange,
  opTxn,
  outcome,
  perform,
  put,
  rangeRequest,
  revoke,
  shown,
  text,
  txn,
  txnRequest,
} from "./operations.ts";

/** a, b, c at the revisions 2, 3, 4. */
function threeKeys(): KeySpace {
  const space = new KeySpace();
  for (const key of ["a", "b", "c"]) perform(space, put(key, `${key}1`));
  return space;
}

test("a put makes the next revision, and a key counts its versions from its creation", () => {
  const space = new KeySpace();
  expect(space.currentRevision).toBe(1);
  expect(perform(space, put("a", "1")).revision).toBe(2);
  perform(space, put("a", "2"));
  expect(listed(space, "a")).toEqual(["a=2 2/3/2"]);
  perform(space, del("a"));
  expect(listed(space, "a")).toEqual([]);
  perform(space, put("a", "3"));
  expect(listed(space, "a")).toEqual(["a=3 5/5/1"]);
  expect(listed(space, "a", { revision: 3 })).toEqual(["a=2 2/3/2"]);
  expect(listed(space, "a", { revision: 4 })).toEqual([]);
});

test.each([
  { key: "b", end: "", found: "b", why: "one key" },
  { key: "a", end: "c", found: "ab", why: "the end is exclusive" },
  { key: "b", end: "\0", found: "bc", why: "the end \\0 is no end" },
  { key: "\0", end: "\0", found: "abc", why: "all keys" },
  { key: "c", end: "a", found: "", why: "an end before the start" },
])("range $key–$end: $why", ({ key, end, found }) => {
  const read = threeKeys().range(rangeRequest(key, { end }));
  expect(read.ok && read.response.kvs.map((kv) => text(kv.key)).join("")).toBe(found);
});

test("a limit says whether there is more, and the count is that of all keys", () => {
  const read = threeKeys().range(rangeRequest("a", { end: "z", limit: 2 }));
  expect(read).toMatchObject({ ok: true, response: { more: true, count: 3, kvs: [{}, {}] } });
  const counted = threeKeys().range(rangeRequest("a", { end: "z", countOnly: true }));
  expect(counted).toMatchObject({ ok: true, response: { more: false, count: 3, kvs: [] } });
});

test("ranges are filtered and sorted before they are cut, and the count is that before", () => {
  const space = threeKeys();
  perform(space, put("a", "a2"));
  const newest = { end: "z", sortTarget: 3 as const, sortOrder: 2 as const, limit: 2 };
  expect(listed(space, "a", newest)).toEqual(["a=a2 2/5/2", "c=c1 4/4/1"]);
  expect(listed(space, "a", { ...newest, maxModRevision: 4 })).toEqual(["c=c1 4/4/1", "b=b1 3/3/1"]);
  expect(listed(space, "a", { end: "z", minCreateRevision: 3 })).toEqual(["b=b1 3/3/1", "c=c1 4/4/1"]);
  expect(listed(space, "a", { end: "z", sortTarget: 1, keysOnly: true })).toEqual([
    "b= 3/3/1",
    "c= 4/4/1",
    "a= 2/5/2",
  ]);
});

test("reads of the future and of what was compacted are refused", () => {
  const space = threeKeys();
  expect(listed(space, "a", { revision: 5 })).toBe("future-revision");
  perform(space, compact(3));
  expect(listed(space, "a", { revision: 2 })).toBe("compacted");
  expect(listed(space, "a", { revision: 3 })).toEqual(["a=a1 2/2/1"]);
  expect(outcome(perform(space, compact(3)))).toBe("compacted");
  expect(outcome(perform(space, compact(9)))).toBe("future-revision");
});

test("a put can return what it replaced, and keep the value or the lease", () => {
  const space = threeKeys();
  expect(outcome(perform(space, put("a", "", { ignoreValue: true, prevKv: true })))).toMatchObject({
    prevKv: { value: bytes("a1") },
  });
  perform(space, grant("7", 60));
  perform(space, put("a", "a3", { lease: "7" }));
  perform(space, put("a", "a4", { ignoreLease: true }));
  expect(listed(space, "a")).toEqual(["a=a4 2/7/4 lease 7"]);
  expect(space.leases.keysOf("7")).toEqual(["a"]);
});

test.each([
  { operation: put("", "x"), error: "empty-key" },
  { operation: del(""), error: "empty-key" },
  { operation: put("x", "", { ignoreValue: true }), error: "key-not-found" },
  { operation: put("x", "", { ignoreLease: true }), error: "key-not-found" },
  { operation: put("a", "x", { ignoreValue: true }), error: "value-provided" },
  { operation: put("a", "x", { ignoreLease: true, lease: "7" }), error: "lease-provided" },
  { operation: put("a", "x", { lease: "7" }), error: "lease-not-found" },
  { operation: grant("0", 60), error: "lease-not-found" },
  { operation: grant("1", 9_000_000_001), error: "lease-ttl-too-large" },
  { operation: revoke("7"), error: "lease-not-found" },
  { operation: txn([], [opPut("a"), opPut("a")]), error: "duplicate-key" },
  { operation: txn([], [opPut("b"), opDelete("a", "c")]), error: "duplicate-key" },
  { operation: txn([], [opPut("b"), opTxn(txnRequest([], [opDelete("a", "c")]))]), error: "duplicate-key" },
  { operation: txn([], [opRange("a", { revision: 9 }), opPut("a")]), error: "future-revision" },
  { operation: txn([], [opPut("a", "", { lease: "7" })]), error: "lease-not-found" },
  { operation: txn([], [opPut("")]), error: "empty-key" },
  { operation: txn([], [{ request: undefined }]), error: "key-not-found" },
  {
    operation: txn(
      [],
      Array.from({ length: 129 }, () => opRange("a")),
    ),
    error: "too-many-operations",
  },
])("$error leaves everything as it is", ({ operation, error }) => {
  const space = threeKeys();
  const { digest } = space;
  expect(perform(space, operation)).toEqual({ revision: 4, answer: { ok: false, error }, events: [] });
  expect(space.digest).toBe(digest);
});

test("a transaction's changes have one revision, and its later operations see the earlier ones", () => {
  const space = threeKeys();
  const applied = perform(
    space,
    txn(
      [compare("a", "version", "=", 1)],
      [opPut("x", "1"), opRange("x"), opDelete("a", "c"), opRange("a", { end: "z" })],
    ),
  );
  expect(applied.revision).toBe(5);
  expect(applied.events.map(({ type, kv }) => `${type} ${shown(kv)}`)).toEqual([
    "0 x=1 5/5/1",
    "1 a= 0/5/0",
    "1 b= 0/5/0",
  ]);
  expect(outcome(applied)).toMatchObject({
    header: { revision: 5 },
    succeeded: true,
    responses: [
      { response: { value: { header: { revision: 5 } } } },
      { response: { value: { header: { revision: 5 }, count: 1 } } },
      { response: { value: { header: { revision: 5 }, deleted: 2 } } },
      { response: { value: { count: 2 } } },
    ],
  });
});

test("a transaction that changes nothing makes no revision", () => {
  const space = threeKeys();
  expect(perform(space, txn([], [opRange("a"), opDelete("x")])).revision).toBe(4);
  expect(perform(space, del("x")).revision).toBe(4);
  const read = space.readTxn(txnRequest([], [opRange("a")]));
  expect(read).toMatchObject({ ok: true, response: { header: { revision: 4 }, succeeded: true } });
});

test("nested transactions are decided before anything runs", () => {
  const space = threeKeys();
  const inner = txnRequest([compare("a", "value", "=", "a1")], [opPut("in", "yes")], [opPut("in", "no")]);
  const applied = perform(space, txn([], [opPut("a", "other"), opTxn(inner)]));
  expect(listed(space, "in")).toEqual(["in=yes 5/5/1"]);
  expect(outcome(applied)).toMatchObject({ responses: [{}, { response: { value: { succeeded: true } } }] });
});

test.each([
  { is: compare("a", "modRevision", "<", 3), holds: true, why: "a was changed at 2" },
  { is: compare("a", "createRevision", "=", 2), holds: true, why: "and made at 2" },
  { is: compare("a", "value", ">", "a0"), holds: true, why: "bytes are compared" },
  { is: compare("x", "value", "!=", "1"), holds: false, why: "an absent key has no value" },
  { is: compare("x", "version", "=", 0), holds: true, why: "an absent key has version 0" },
  { is: compare("a", "version", "=", 1, "z"), holds: true, why: "all keys in the range" },
  { is: compare("a", "modRevision", "<", 4, "z"), holds: false, why: "c was changed at 4" },
  { is: compare("x", "lease", "<", 1, "z"), holds: true, why: "an empty range compares as an absent key" },
])("compare holds: $holds, because $why", ({ is, holds }) => {
  expect(outcome(perform(threeKeys(), txn([is])))).toMatchObject({ succeeded: holds });
});

test.each([
  { lease: "9", is: "<", given: "10" },
  { lease: "-10", is: "<", given: "-9" },
  { lease: "9", is: ">", given: "-10" },
] as const)("leases are compared as numbers: $lease $is $given", ({ lease, is, given }) => {
  const space = new KeySpace();
  perform(space, grant(lease, 60));
  perform(space, put("a", "", { lease }));
  expect(outcome(perform(space, txn([compare("a", "lease", is, given)])))).toMatchObject({ succeeded: true });
});

test("a revoked lease takes its keys along in one revision, in the order of their bytes", () => {
  const space = new KeySpace();
  perform(space, grant("7", 60));
  perform(space, grant("8", 1));
  expect(space.leases.get("8")?.ttlSeconds).toBe(2);
  for (const key of ["b", "a", "c", "d"]) perform(space, put(key, "", { lease: "7" }));
  perform(space, put("c", "moved", { lease: "8" }));
  perform(space, del("d"));
  expect(space.leases.keysOf("7").join("")).toBe("ab");
  expect(perform(space, revoke("7")).events.map(({ kv }) => shown(kv))).toEqual(["a= 0/8/0", "b= 0/8/0"]);
  expect(listed(space, "\0", { end: "\0" })).toEqual(["c=moved 4/6/2 lease 8"]);
  expect(perform(space, revoke("8")).revision).toBe(9);
  expect(space.leases.size).toBe(0);
});

test("an expiry of an earlier leader, or of an earlier grant, changes nothing", () => {
  const space = new KeySpace();
  const expiry = (term: number, grantOf: number) =>
    perform(space, { $case: "leaseExpiry", value: { term, leases: [{ id: "7", grant: grantOf }] } });
  perform(space, { $case: "leaseTerm", value: { term: 3 } });
  perform(space, grant("7", 60));
  perform(space, put("a", "1", { lease: "7" }));
  perform(space, { $case: "leaseTerm", value: { term: 4 } });
  expect(outcome(expiry(3, 1))).toEqual({ $case: "leaseExpiry", expired: [] });
  expect(outcome(perform(space, { $case: "leaseTerm", value: { term: 3 } }))).toMatchObject({
    isNewest: false,
  });
  perform(space, revoke("7"));
  perform(space, grant("7", 60));
  perform(space, put("a", "2", { lease: "7" }));
  expect(outcome(expiry(4, 1))).toEqual({ $case: "leaseExpiry", expired: [] });
  expect(listed(space, "a")).toHaveLength(1);
  expect(outcome(expiry(4, 2))).toEqual({ $case: "leaseExpiry", expired: ["7"] });
  expect(listed(space, "a")).toEqual([]);
});

test("a leader that claims the leases again in its term is heard, and one of an earlier term is not", () => {
  const space = new KeySpace();
  const claims = [3, 3, 2, 4].map((term) => outcome(perform(space, { $case: "leaseTerm", value: { term } })));
  const heard = { $case: "leaseTerm", isNewest: true };
  expect(claims).toEqual([heard, heard, { ...heard, isNewest: false }, heard]);
  expect(space.leases.term).toBe(4);
});

test("the longest lease may be granted", () => {
  const space = new KeySpace();
  expect(outcome(perform(space, grant("7", 9_000_000_000)))).toMatchObject({ TTL: 9_000_000_000 });
});

test("an expiry reports the deletions of its leases' keys: a revision for each lease that has any", () => {
  const space = new KeySpace();
  for (const id of ["7", "8", "9"]) perform(space, grant(id, 60));
  for (const key of ["b", "a"]) perform(space, put(key, "", { lease: "7" }));
  perform(space, put("c", "", { lease: "9" }));
  const leases = ["7", "8", "9"].map((id, at) => ({ id, grant: at + 1 }));
  const { revision, events } = perform(space, { $case: "leaseExpiry", value: { term: 0, leases } });
  expect(revision).toBe(6);
  expect(events.map(({ type, kv }) => `${type} ${shown(kv)}`)).toEqual([
    "1 a= 0/5/0",
    "1 b= 0/5/0",
    "1 c= 0/6/0",
  ]);
});

test("events come out of the history, never a part of a revision", () => {
  const space = threeKeys();
  perform(space, txn([], [opPut("a", "a2"), opPut("b", "b2"), opDelete("c")]));
  const range = { key: bytes("a"), rangeEnd: bytes("z") };
  const from = (revision: number, most: number) => {
    const read = space.eventsSince({ ...range, revision, eventsMax: most, bytesMax: 1_000, prevKv: false });
    return read.ok ? { next: read.next, events: read.events.map(({ kv }) => shown(kv)) } : read.error;
  };
  expect(from(4, 1)).toEqual({ next: 5, events: ["c=c1 4/4/1"] });
  expect(from(5, 1)).toEqual({ next: 6, events: ["a=a2 2/5/2", "b=b2 3/5/2", "c= 0/5/0"] });
  expect(from(6, 1)).toEqual({ next: 6, events: [] });
  expect(from(9, 1)).toEqual({ next: 9, events: [] });
  expect(shown(space.before(bytes("a"), 5))).toBe("a=a1 2/2/1");
  perform(space, compact(5));
  expect(from(4, 1)).toBe("compacted");
  expect(from(5, 9)).toEqual({ next: 6, events: ["a=a2 2/5/2", "b=b2 3/5/2", "c= 0/5/0"] });
  expect(space.before(bytes("a"), 5)).toBeNull();
});

test("an entry can have several operations, each with a revision of its own", () => {
  const space = new KeySpace();
  const command = decodeKeyCommand(logIndex(1), entry(put("a"), put("", "wrong"), put("b")));
  expect(space.apply(command).map(({ revision, answer }) => [revision, answer.ok])).toEqual([
    [2, true],
    [2, false],
    [3, true],
  ]);
});

// Field 3 of a command, an operation: `fields`. The command names format 2.
const operationOf = (...fields: number[]) => Uint8Array.of(8, 2, (3 << 3) | 2, fields.length, ...fields);

test.each([
  { data: entry(put("a")), known: 0, says: "has format version 2, and this build knows up to version 0" },
  { data: operationOf(0xba, 0x3e, 0), says: "has operation 999 of format version 2, and" },
  { data: operationOf(0x50, 7, 0xba, 0x3e, 0), says: "has operation 999 of format version 2, and" },
  {
    data: Buffer.concat([entry(put("a")), operationOf(), operationOf(0xba, 0x3e, 0)]),
    says: "has operation 999",
  },
  { data: Uint8Array.of((3 << 3) | 2, 1, 0xff, 8, 9), says: "has format version 9" },
])("an entry that this build does not know stops the replica: it $says", ({ data, known, says }) => {
  const stopped = expect.objectContaining({ code: "FORMAT_UNKNOWN", message: expect.stringContaining(says) });
  expect(() => decodeKeyCommand(logIndex(5), data, known)).toThrow(stopped);
});

test.each([
  { data: bytes("garbage"), why: "bytes that are no command" },
  { data: operationOf((1 << 3) | 2, 1, 0xff), why: "a broken put" },
  { data: operationOf(), why: "an empty operation" },
  { data: operationOf(0x50, 7), why: "an operation that only says when its leases were seen" },
])("$why: a refused outcome", ({ data }) => {
  const command = decodeKeyCommand(logIndex(5), data);
  expect(new KeySpace().apply(command).map(outcome)).toEqual(["operation-unknown"]);
});

const TARGETS: readonly RangeRequest_SortTarget[] = [1, 2, 3];
const ORDERS: readonly RangeRequest_SortOrder[] = [1, 2];
const FILTERS: readonly Partial<RangeRequest>[] = [
  {},
  { maxCreateRevision: 5 },
  { minModRevision: 6 },
  { minModRevision: 99 },
  { keysOnly: true },
];

test.each(TARGETS)("the first key of an order is the same with a limit of one (target %i)", (sortTarget) => {
  const space = new KeySpace();
  for (const key of ["c", "a", "b", "a", "d", "c", "a"]) perform(space, put(`q/${key}`, "x"));
  perform(space, del("q/b"));
  for (const sortOrder of ORDERS)
    for (const filter of FILTERS) {
      const request = { end: "q0", sortTarget, sortOrder, ...filter };
      const all = space.range(rangeRequest("q/", request));
      const first = space.range(rangeRequest("q/", { ...request, limit: 1 }));
      if (!all.ok || !first.ok) throw new Error("both are answered");
      const { kvs, count } = all.response;
      expect(first.response).toMatchObject({ count, more: kvs.length > 1 });
      expect(first.response.kvs).toEqual(kvs.slice(0, 1));
    }
});
