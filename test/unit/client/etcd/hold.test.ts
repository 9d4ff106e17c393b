// Locks over a real key space: one holder at a time, tokens that grow, and work that is told to end.

import { expect, test } from "vitest";
import { type Held, hold, type Wanted } from "../../../../src/client/etcd/hold.ts";
import { keepLease } from "../../../../src/client/etcd/keep-alive.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { TestClock } from "../../test-clock.ts";
import { failureOf } from "../local/fakes.ts";
import { FakeStore } from "./fake-store.ts";

const wanted = (changes: Partial<Wanted> = {}): Wanted => ({
  ...{ name: "L", value: new Uint8Array(0), ttlMs: 600_000, graceMs: 1_000, withinMs: null },
  ...{ signal: new AbortController().signal, onWaiting: () => undefined },
  ...changes,
});

const lost = ({ lost }: Held): Promise<string> =>
  new Promise((resolve) =>
    lost.addEventListener("abort", () => resolve(String(lost.reason)), { once: true }),
  );

test("of several contenders one works at a time, in the order of their keys, with growing tokens", async () => {
  const store = await FakeStore.start(2);
  const tokens: number[] = [];
  let working = 0;
  const work = async ({ token }: Held) => {
    working += 1;
    expect(working).toBe(1);
    tokens.push(token);
    await new Promise(setImmediate);
    working -= 1;
  };
  await Promise.all([1, 2, 3, 4].map(() => hold(store.client(), wanted(), work)));
  expect(tokens).toHaveLength(4);
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  expect(store.leases()).toEqual([]);
});

test("a holder learns that its lease was revoked, while it works", async () => {
  const store = await FakeStore.start();
  const { result } = await hold(store.client(), wanted(), async (held) => {
    const [lease = ""] = store.leases();
    store.endLease(lease);
    return await lost(held);
  });
  expect(result).toMatch(/its key was deleted|its lease has ended/);
});

test("a holder learns that its key was deleted, over a cut watch and a compaction", async () => {
  const store = await FakeStore.start(2);
  const { result } = await hold(store.client(), wanted(), async (held) => {
    for (const node of store.nodes) node.cutWatches();
    for (let at = 0; at < 3; at += 1) store.put("other", String(at));
    store.delete(Buffer.from(held.key).toString());
    store.apply({
      $case: "compaction",
      value: { revision: store.space.currentRevision, physical: false },
    });
    return await lost(held);
  });
  expect(result).toBe("its key was deleted");
});

test("a compaction while the lock is held is no loss", async () => {
  const store = await FakeStore.start(2);
  const { result } = await hold(store.client(), wanted(), async ({ lost }) => {
    for (let at = 0; at < 3; at += 1) store.put("other", String(at));
    store.apply({ $case: "compaction", value: { revision: store.space.currentRevision, physical: false } });
    for (const node of store.nodes) node.cutWatches();
    // The watch is made again at the other node.
    const watches = () => store.calls.filter((call) => call.startsWith("watch@")).length;
    await expect.poll(watches).toBeGreaterThanOrEqual(2);
    return lost.aborted;
  });
  expect(result).toBe(false);
});

test("a lease that can't be renewed ends the work while it still lasts for the grace", async () => {
  const store = await FakeStore.start();
  for (const node of store.nodes) node.fate = (method) => (method === "keepAlive" ? "hangs" : "usual");
  const clock = new TestClock();
  const beganMs = clock.now();
  const work = async (held: Held) => {
    const ended = lost(held);
    clock.advance(8_999);
    await new Promise(setImmediate);
    expect(held.lost.aborted).toBe(false);
    clock.advance(1);
    return await ended;
  };
  const { result } = await hold(store.client(), wanted({ ttlMs: 10_000, graceMs: 1_000 }), work, clock);
  expect(result).toBe("its lease could not be renewed in time");
  expect(clock.now() - beganMs).toBe(9_000);
});

test("an answer that was lost makes neither a second lease nor a second key", async () => {
  const store = await FakeStore.start(2);
  for (const node of store.nodes.slice(0, 1)) {
    node.fate = (method) => (method === "leaseGrant" || method === "txn" ? "answer lost" : "usual");
  }
  const keys = await hold(store.client(), wanted(), async () => {
    const all = store.space.range({
      ...{ key: Buffer.from("L/"), rangeEnd: Buffer.from("L0"), limit: 0, revision: 0 },
      ...{ sortOrder: 0, sortTarget: 0, serializable: false, keysOnly: true, countOnly: false },
      ...{ minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 },
    });
    return { keys: all.ok ? all.response.kvs.length : 0, leases: store.leases().length };
  });
  expect(keys.result).toEqual({ keys: 1, leases: 1 });
});

test("who gives up waiting leaves the queue", async () => {
  const store = await FakeStore.start();
  await hold(store.client(), wanted(), async () => {
    const failure = await failureOf(hold(store.client(), wanted({ withinMs: 1 }), async () => undefined));
    expect(failure).toMatchObject({ code: "LOCK_TIMED_OUT", exit: Exit.TimedOut });
    expect(store.leases()).toHaveLength(1);
  });
});

test("a waiter keeps its place while the store does not answer, and works once it does", async () => {
  const store = await FakeStore.start();
  const [node] = store.nodes;
  let begin = (): void => undefined;
  const waits = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const order: string[] = [];
  let second: Promise<unknown> = Promise.resolve();
  await hold(store.client(), wanted(), async () => {
    second = hold(store.client(), wanted({ onWaiting: begin }), async () => order.push("second"));
    await waits;
    if (node !== undefined) node.fate = (method) => (method === "leaseRevoke" ? "usual" : "no leader");
    node?.cutWatches();
    order.push("first");
  });
  if (node !== undefined) node.fate = () => "usual";
  await second;
  expect(order).toEqual(["first", "second"]);
});

test("a waiter whose key was deleted says that its work was not begun", async () => {
  const store = await FakeStore.start();
  await hold(store.client(), wanted(), async () => {
    const onWaiting = () => {
      const [, lease = ""] = store.leases();
      store.endLease(lease);
    };
    const failure = await failureOf(hold(store.client(), wanted({ onWaiting }), async () => undefined));
    expect(failure).toMatchObject({ code: "LOCK_LOST", what: expect.stringContaining("was not run") });
  });
});

test("work that fails releases the lock", async () => {
  const store = await FakeStore.start();
  const failing = hold(store.client(), wanted(), async () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(store.leases()).toEqual([]);
});

test("a lease is certain from before each keep-alive was sent, and a failed one changes nothing", async () => {
  const clock = TestClock.movedBySleep();
  clock.advance(1_000);
  const answers = [null, 10, null, 0];
  const seen: number[] = [];
  const lease = keepLease({ id: "1", ttlMs: 10_000, sinceMs: 500, everyMs: 3_000, clock }, async () => {
    await null;
    seen.push(lease.lastsUntilMs());
    // The answer takes 400 ms.
    clock.advance(400);
    const answer = answers.shift();
    if (answer === null || answer === undefined) throw new Error("no answer");
    return answer;
  });
  await lease.ended;
  // Granted at 500; the second keep-alive is sent at 1 600.
  expect(seen).toEqual([10_500, 10_500, 11_600, 11_600]);
});
