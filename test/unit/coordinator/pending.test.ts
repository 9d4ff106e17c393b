import { expect, test } from "vitest";
import { logIndex, term } from "../../../src/core/base/ids.ts";
import { PendingReads, PendingWrites } from "../../../src/core/coordinator/pending.ts";

test("a result goes to the proposal of the same index and term", async () => {
  const writes = new PendingWrites<string>();
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.applied(logIndex(7), term(2), "done");
  expect(await write).toEqual({ ok: true, index: 7, term: 2, result: "done" });
});

test("another leader's entry at the same index is not our write", async () => {
  const writes = new PendingWrites<string>();
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.applied(logIndex(7), term(3), "somebody else's");
  expect(await write).toEqual({ ok: false, refusal: "leadership-lost" });
});

test("a write that is proposed anew at an index settles the one that waited there", async () => {
  const writes = new PendingWrites<string>();
  const old = writes.add(logIndex(7), term(2), 1_000);
  writes.add(logIndex(7), term(4), 1_000);
  expect(await old).toEqual({ ok: false, refusal: "leadership-lost" });
  expect(writes.size).toBe(1);
});

test("a write is refused at its deadline, not before", async () => {
  const writes = new PendingWrites<string>();
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.expire(999);
  expect(writes.size).toBe(1);
  writes.expire(1_000);
  expect(await write).toEqual({ ok: false, refusal: "no-quorum" });
});

test("one confirmation serves all reads that waited when it was asked for, once its index is applied", async () => {
  const reads = new PendingReads();
  const both = [reads.confirmAndWait(1_000), reads.confirmAndWait(1_000)];
  reads.asked("k1", 0);
  reads.confirmed("k1", logIndex(5));
  reads.applied(logIndex(6));
  expect(await Promise.all(both)).toEqual([
    { ok: true, index: 6 },
    { ok: true, index: 6 },
  ]);
});

test("a read that came after the request was sent needs the next confirmation", () => {
  const reads = new PendingReads();
  void reads.confirmAndWait(1_000);
  reads.asked("k1", 0);
  void reads.confirmAndWait(1_000);
  reads.confirmed("k1", logIndex(5));
  expect(reads.hasUnasked).toBe(true);
});

test("tikv#9239: a confirmation that got lost is asked for again, under a new key", () => {
  const reads = new PendingReads();
  void reads.confirmAndWait(10_000);
  reads.asked("k1", 0);
  reads.expire(499);
  expect(reads.hasUnasked).toBe(false);
  reads.expire(500);
  expect(reads.hasUnasked).toBe(true);
});

test("reads are refused at their deadline, wherever they wait", async () => {
  const reads = new PendingReads();
  const asked = reads.confirmAndWait(100);
  reads.asked("k1", 0);
  const unasked = reads.confirmAndWait(100);
  const confirmed = reads.waitApplied(logIndex(9), 100);
  reads.expire(100);
  expect(await Promise.all([asked, unasked, confirmed])).toEqual(
    Array(3).fill({ ok: false, refusal: "no-quorum" }),
  );
});
