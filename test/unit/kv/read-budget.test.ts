// What one request may read: a transaction that would read more is refused as a whole by every replica, before it
// changes anything.

import { expect, test } from "vitest";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import type { RequestOp } from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  compact,
  compare,
  del,
  opDelete,
  opPut,
  opRange,
  opTxn,
  outcome,
  perform,
  put,
  rangeRequest,
  txn,
  txnRequest,
} from "./operations.ts";

function withKeys(count: number, value = ""): KeySpace {
  const space = new KeySpace();
  for (let at = 0; at < count; at += 1) perform(space, put(`jobs/${String(at).padStart(6, "0")}`, value));
  return space;
}

const repeated = <Item>(count: number, make: (at: number) => Item): Item[] =>
  Array.from({ length: count }, (_, at) => make(at));
const nested = (count: number, operations: RequestOp[]): RequestOp[] =>
  repeated(count, () => opTxn(txnRequest([], operations)));
const jobs = (options: Parameters<typeof opRange>[1] = {}) => opRange("jobs/", { end: "jobs0", ...options });
const MEGABYTE = "x".repeat(1_000_000);

/** More than an answer may have. */
const large = withKeys(70, MEGABYTE);

function refusal(space: KeySpace, operation: Parameters<typeof perform>[1]): unknown {
  const { digest, currentRevision } = space;
  const applied = perform(space, operation);
  expect(applied).toMatchObject({ revision: currentRevision, events: [] });
  expect(space.digest).toBe(digest);
  return outcome(applied);
}

test("nested lists have one limit in all", () => {
  const operation = txn(
    [],
    [
      opPut("a"),
      ...nested(
        64,
        repeated(63, () => jobs()),
      ),
    ],
  );
  expect(refusal(withKeys(10), operation)).toBe("too-many-operations");
});

test("ranges of nested transactions are charged together", () => {
  const space = withKeys(1_000);
  const reads = (lists: number, each: number) =>
    txn(
      [],
      [
        opPut("a"),
        ...nested(
          lists,
          repeated(each, () => jobs()),
        ),
      ],
    );
  expect(refusal(space, reads(7, 100))).toBe("reads-too-much");
  expect(outcome(perform(space, reads(1, 90)))).toMatchObject({ succeeded: true });
});

test("keys that are only counted or compared are charged too", () => {
  const space = withKeys(1_000);
  const counts = repeated(101, () => jobs({ countOnly: true }));
  expect(refusal(space, txn([], [opPut("a"), ...counts]))).toBe("reads-too-much");
  const compares = repeated(101, () => compare("jobs/", "version", ">", 0, "jobs0"));
  expect(refusal(space, txn(compares, [opPut("a")], [opPut("b")]))).toBe("reads-too-much");
  expect(outcome(perform(space, txn(compares.slice(0, 90), [opPut("a")])))).toMatchObject({
    succeeded: true,
  });
});

test("replicas that have freed different parts of the history refuse the same transactions", () => {
  const space = withKeys(1_000);
  perform(space, del("jobs/000500", "jobs0"));
  const reader = new KeySpaceReader();
  perform(space, compact(space.currentRevision));
  for (const part of encodeKeySpace(space.capture())) expect(reader.add(part)).toBeNull();
  const restored = reader.finish();
  if (!restored.ok) throw new Error(restored.message);
  const reads = nested(
    2,
    repeated(100, () => jobs({ countOnly: true })),
  );
  for (const each of [space, restored.keySpace]) {
    expect(outcome(perform(each, txn([], reads)))).toMatchObject({ succeeded: true });
    expect(refusal(each, txn([], [...reads, jobs({ countOnly: true })]))).toBe("reads-too-much");
  }
});

test("a range is charged for the puts before it", () => {
  const reads = repeated(70, () => opRange("a"));
  expect(refusal(withKeys(1), txn([], [opPut("a", MEGABYTE), ...reads]))).toBe("reads-too-much");
  expect(outcome(perform(withKeys(1), txn([], [...reads, opPut("a", MEGABYTE)])))).toMatchObject({
    succeeded: true,
  });
});

test("a range with a limit is charged for what it reaches after deletions", () => {
  const space = withKeys(3, MEGABYTE);
  perform(space, put("jobs/", "small"));
  perform(space, put("jobs/!", "small"));
  const reads = repeated(40, () => jobs({ limit: 1 }));
  expect(outcome(perform(space, txn([], reads)))).toMatchObject({ succeeded: true });
  expect(refusal(space, txn([], [opDelete("jobs/"), opDelete("jobs/!"), ...reads]))).toBe("reads-too-much");
});

test("versions that are answered as prev_kv are charged", () => {
  expect(refusal(large, del("jobs/", "jobs0", true))).toBe("reads-too-much");
  const puts = repeated(70, (at) => opPut(`jobs/${String(at).padStart(6, "0")}`, "", { prevKv: true }));
  expect(refusal(large, txn([], puts))).toBe("reads-too-much");
  const space = withKeys(10, MEGABYTE);
  expect(outcome(perform(space, del("jobs/", "jobs0", true)))).toMatchObject({ deleted: 10 });
});

test("a read whose answer is too large is refused; a limit, only keys or only their number can be asked", () => {
  const range = (options: Parameters<typeof rangeRequest>[1] = {}) =>
    large.range(rangeRequest("jobs/", { end: "jobs0", ...options }));
  expect(range()).toEqual({ ok: false, error: "answer-too-large" });
  expect(range({ sortOrder: 1, limit: 1 })).toEqual({ ok: false, error: "answer-too-large" });
  expect(range({ limit: 60 })).toMatchObject({ ok: true, response: { count: 70, more: true } });
  expect(range({ keysOnly: true })).toMatchObject({ ok: true, response: { count: 70 } });
  expect(range({ countOnly: true })).toMatchObject({ ok: true, response: { count: 70 } });
  expect(large.readTxn(txnRequest([], [jobs()]))).toEqual({ ok: false, error: "reads-too-much" });
});

test("a deletion of more keys than a transaction may look at is refused", () => {
  const space = withKeys(100_001);
  expect(refusal(space, del("jobs/", "jobs0"))).toBe("reads-too-much");
  expect(outcome(perform(space, del("jobs/099990", "jobs0")))).toMatchObject({ deleted: 11 });
});

test("what is proposed or only read also counts the keys of a range that do not exist", () => {
  const space = withKeys(10_000);
  const before = space.currentRevision;
  perform(space, del("jobs/", "jobs0"));
  const counts = repeated(101, () => jobs({ countOnly: true }));
  const compares = repeated(101, () => compare("jobs/", "version", "=", 0, "jobs0"));
  for (const request of [
    txnRequest([], [opPut("a"), ...counts]),
    txnRequest(compares, [opPut("a")]),
    txnRequest([], nested(1, counts)),
    // These keys were created later.
    txnRequest([], [opPut("a"), ...repeated(101, () => jobs({ revision: before - 10_000 }))]),
  ])
    expect(space.checkLooks({ $case: "txn", value: request })).toBe("reads-too-much");
  expect(space.readTxn(txnRequest([], counts))).toEqual({ ok: false, error: "reads-too-much" });
  const fewer = txnRequest(compares.slice(0, 90), [opPut("a")]);
  expect(space.checkLooks({ $case: "txn", value: fewer })).toBeNull();
  expect(space.readTxn(txnRequest([], counts.slice(0, 90)))).toMatchObject({ ok: true });
});

test("applying does not: when a compaction frees such keys is up to each replica", () => {
  const space = withKeys(1_000);
  perform(space, del("jobs/", "jobs0"));
  const counts = repeated(101, () => jobs({ countOnly: true }));
  expect(outcome(perform(space, txn([], [opPut("a"), ...counts])))).toMatchObject({ succeeded: true });
});

test("a deletion of long keys is not proposed at once, and one of fewer is", () => {
  const space = new KeySpace();
  const key = (at: number) => `jobs/${at}/${"k".repeat(1_000_000)}`;
  for (let at = 10; at < 44; at += 1) perform(space, put(key(at), ""));
  const whole = del("jobs/", "jobs0");
  const part = del("jobs/", "jobs/40");
  for (const { isPart, operation } of [
    { isPart: false, operation: whole },
    { isPart: true, operation: part },
    { isPart: false, operation: txn([], [opDelete("jobs/", "jobs0")]) },
    { isPart: true, operation: txn([], [opDelete("jobs/", "jobs/40")]) },
  ])
    expect(space.checkLooks(operation)).toBe(isPart ? null : "reads-too-much");
  // Entries of earlier builds delete them all.
  expect(outcome(perform(space, whole))).toMatchObject({ deleted: 34 });
});

test("a deletion looks at any number of keys that were deleted before", () => {
  const space = withKeys(2_000);
  perform(space, del("jobs/", "jobs0"));
  for (let more = 0; more < 3; more += 1) perform(space, put(`jobs/new${more}`, ""));
  expect(space.checkLooks(del("jobs/", "jobs0"))).toBeNull();
});
