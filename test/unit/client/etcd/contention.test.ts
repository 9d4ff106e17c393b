// Who holds a lock, and whom the others wait for.

import { expect, test } from "vitest";
import {
  contenderKey,
  contentionPrefix,
  endsWorkAtMs,
  renewEveryMs,
  standingOf,
} from "../../../../src/client/etcd/contention.ts";

const contender = (key: string, createRevision: number) => ({ key: Buffer.from(key), createRevision });
const A = contender("L/a", 3);
const B = contender("L/b", 5);
const C = contender("L/c", 9);

test.each([
  { own: "L/a", all: [C, A, B], standing: { kind: "holds", token: 3 }, why: "the first that was created" },
  {
    own: "L/c",
    all: [C, A, B],
    standing: { kind: "waits", behind: B },
    why: "not for the holder, but the one before",
  },
  { own: "L/b", all: [B, C], standing: { kind: "holds", token: 5 }, why: "the earlier one is gone" },
  { own: "L/c", all: [A, B], standing: { kind: "gone" }, why: "its own lease ended" },
  { own: "L/c", all: [], standing: { kind: "gone" }, why: "the queue is empty" },
])("$own among all: $standing.kind ($why)", ({ own, all, standing }) => {
  expect(standingOf(Buffer.from(own), all)).toEqual(standing);
});

test("of all contenders exactly one holds, and the tokens of successive holders increase", () => {
  const queue = [C, A, B];
  const tokens: number[] = [];
  while (queue.length > 0) {
    const holding = queue.filter(({ key }) => standingOf(key, queue).kind === "holds");
    expect(holding).toHaveLength(1);
    const [holder] = holding;
    tokens.push(holder?.createRevision ?? 0);
    queue.splice(queue.indexOf(holder ?? A), 1);
  }
  expect(tokens).toEqual([3, 5, 9]);
});

test("keys are those of clientv3/concurrency", () => {
  expect(Buffer.from(contentionPrefix("backups")).toString()).toBe("backups/");
  expect(Buffer.from(contenderKey("backups", "694d7c8f")).toString()).toBe("backups/694d7c8f");
});

test("work ends before the lease can, and three renewals fail before that", () => {
  const [ttlMs, graceMs] = [15_000, 5_000];
  expect(endsWorkAtMs(ttlMs, graceMs) + graceMs).toBe(ttlMs);
  expect(renewEveryMs(ttlMs, graceMs) * 3).toBeLessThanOrEqual(ttlMs - graceMs);
});
