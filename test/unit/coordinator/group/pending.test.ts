import { expect, test } from "vitest";
import { logIndex, term } from "../../../../src/core/base/ids.ts";
import { PendingReads, PendingWrites } from "../../../../src/core/coordinator/group/pending.ts";

const WAITING_MAX = 3;

test("a result goes to the proposal of the same index and term", async () => {
  const writes = new PendingWrites<string>(WAITING_MAX);
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.applied(logIndex(7), term(2), "done");
  expect(await write).toEqual({ ok: true, index: 7, term: 2, result: "done" });
});

test("another leader's entry at the same index is not our write", async () => {
  const writes = new PendingWrites<string>(WAITING_MAX);
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.applied(logIndex(7), term(3), "somebody else's");
  expect(await write).toEqual({ ok: false, refusal: "leadership-lost" });
});

test("a write that is proposed anew at an index settles the one that waited there", async () => {
  const writes = new PendingWrites<string>(WAITING_MAX);
  const old = writes.add(logIndex(7), term(2), 1_000);
  writes.add(logIndex(7), term(4), 1_000);
  expect(await old).toEqual({ ok: false, refusal: "leadership-lost" });
  expect(writes.size).toBe(1);
});

test("a write is refused at its deadline, not before", async () => {
  const writes = new PendingWrites<string>(WAITING_MAX);
  const write = writes.add(logIndex(7), term(2), 1_000);
  writes.expire(999);
  expect(writes.size).toBe(1);
  writes.expire(1_000);
  expect(await write).toEqual({ ok: false, refusal: "no-quorum" });
});

test("one confirmation serves all reads that waited when it was asked for, once its index is applied", async () => {
  const reads = new PendingReads(WAITING_MAX);
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
  const reads = new PendingReads(WAITING_MAX);
  void reads.confirmAndWait(1_000);
  reads.asked("k1", 0);
  void reads.confirmAndWait(1_000);
  reads.confirmed("k1", logIndex(5));
  expect(reads.hasUnasked).toBe(true);
});

test("tikv#9239: a confirmation that got lost is asked for again, under a new key", () => {
  const reads = new PendingReads(WAITING_MAX);
  void reads.confirmAndWait(10_000);
  reads.asked("k1", 0);
  reads.expire(499);
  expect(reads.hasUnasked).toBe(false);
  reads.expire(500);
  expect(reads.hasUnasked).toBe(true);
});

test("reads are refused at their deadline, wherever they wait", async () => {
  const reads = new PendingReads(WAITING_MAX);
  const asked = reads.confirmAndWait(100);
  reads.asked("k1", 0);
  const unasked = reads.confirmAndWait(100);
  const confirmed = reads.waitApplied(logIndex(9), 100);
  reads.expire(100);
  expect(await Promise.all([asked, unasked, confirmed])).toEqual(
    Array(3).fill({ ok: false, refusal: "no-quorum" }),
  );
});

test("a write that finds no room is the proposer's to refuse, and one that is served makes room", () => {
  const writes = new PendingWrites<string>(WAITING_MAX);
  for (let at = 1; at <= WAITING_MAX; at += 1) void writes.add(logIndex(at), term(1), 1_000);
  expect(writes.isFull).toBe(true);
  writes.applied(logIndex(1), term(1), "done");
  expect(writes.isFull).toBe(false);
});

test("reads are refused beyond the limit, wherever the others wait, and admitted again as these are served", async () => {
  const reads = new PendingReads(WAITING_MAX);
  void reads.confirmAndWait(1_000);
  reads.asked("k1", 0);
  void reads.confirmAndWait(1_000);
  void reads.waitApplied(logIndex(9), 1_000);
  const refused = { ok: false, refusal: "too-many-reads" };
  expect(await Promise.all([reads.confirmAndWait(1_000), reads.waitApplied(logIndex(1), 1_000)])).toEqual([
    refused,
    refused,
  ]);
  reads.confirmed("k1", logIndex(5));
  reads.applied(logIndex(5));
  expect(reads.size).toBe(WAITING_MAX - 1);
  reads.expire(1_000);
  expect(reads.size).toBe(0);
});

test("who is refused is told to come back when half of the backlog is served, at the pace of late", () => {
  const writes = new PendingWrites<string>(4);
  writes.expire(0);
  for (let at = 1; at <= 4; at += 1) void writes.add(logIndex(at), term(1), 10_000);
  expect(writes.retryDelayMs).toBe(2_000);
  writes.applied(logIndex(1), term(1), "done");
  writes.applied(logIndex(2), term(1), "done");
  writes.expire(500);
  // Two in 500 ms: the first of the two that wait takes 250 ms.
  expect(writes.retryDelayMs).toBe(250);
});
