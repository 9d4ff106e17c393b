// A copy is whole, verified, resumable, and replaces nothing that it was not told to replace.

import { expect, test } from "vitest";
import { type CopyWanted, copyKeys } from "../../../../src/client/etcd/copy-keys.ts";
import { batches, planPage } from "../../../../src/client/etcd/copy-plan.ts";
import { allKeys, prefixRange } from "../../../../src/client/etcd/key-range.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { KeyValue } from "../../../../src/core/wire/gen/etcd/mvccpb/kv.ts";
import { failureOf } from "../local/fakes.ts";
import { FakeStore, type Fate } from "./fake-store.ts";

const wanted = (changes: Partial<CopyWanted> = {}): CopyWanted => ({
  ...{ keys: allKeys, overwrite: false, dryRun: false },
  ...{ signal: new AbortController().signal, onProgress: () => undefined },
  ...changes,
});

async function stores(keys: number): Promise<[FakeStore, FakeStore]> {
  const [from, to] = [await FakeStore.start(), await FakeStore.start()];
  for (let at = 0; at < keys; at += 1) from.put(`k/${String(at).padStart(4, "0")}`, `v${at}`);
  return [from, to];
}

/** What becomes of the second transaction that reaches the store. */
function atSecondTxn(store: FakeStore, fate: () => Fate): void {
  const node = present(store.nodes[0], "a store has a node");
  let calls = 0;
  node.fate = (method) => {
    if (method !== "txn") return "usual";
    calls += 1;
    return calls === 2 ? fate() : "usual";
  };
}

test("all keys of several pages arrive, with an equal hash; again nothing is written", async () => {
  const [from, to] = await stores(250);
  const progress: string[] = [];
  const onProgress = (phase: string, done: number, total: number) =>
    progress.push(`${phase} ${done}/${total}`);
  const first = await copyKeys(from.client(), to.client(), wanted({ onProgress }));
  expect(first).toMatchObject({ copied: 250, same: 0, leased: 0, extra: 0 });
  expect(progress.slice(0, 3)).toEqual(["copying 100/250", "copying 200/250", "copying 250/250"]);
  const revision = to.space.currentRevision;
  const again = await copyKeys(from.client(), to.client(), wanted());
  expect(again).toMatchObject({ copied: 0, same: 250, hash: first.hash });
  expect(to.space.currentRevision).toBe(revision);
});

test("a key with another value stops it, and is replaced only when told", async () => {
  const [from, to] = await stores(3);
  to.put("k/0001", "mine");
  const failure = await failureOf(copyKeys(from.client(), to.client(), wanted()));
  const what = expect.stringContaining("k/0001");
  expect(failure).toMatchObject({ code: "KEYS_DIFFER", exit: Exit.Precondition, what });
  expect(to.space.currentRevision).toBe(2);
  const counts = await copyKeys(from.client(), to.client(), wanted({ overwrite: true }));
  expect(counts).toMatchObject({ copied: 3, same: 0 });
});

test("a key that another program creates at the target meanwhile is not replaced", async () => {
  const [from, to] = await stores(3);
  // Between the look at the target and the write.
  atSecondTxn(to, () => {
    to.put("k/0002", "mine");
    return "usual";
  });
  const failure = await failureOf(copyKeys(from.client(), to.client(), wanted()));
  expect(failure).toMatchObject({ code: "KEYS_DIFFER" });
});

test("a write whose answer was lost is found again, and not made twice", async () => {
  const [from, to] = await stores(3);
  atSecondTxn(to, () => "answer lost");
  expect((await copyKeys(from.client(), to.client(), wanted())).hash).toHaveLength(64);
  expect(to.space.currentRevision).toBe(2);
});

test("keys with a lease stay behind, others outside the range too, and extra ones are counted", async () => {
  const [from, to] = await stores(2);
  from.apply({ $case: "leaseGrant", value: { ID: "7", TTL: 60 } });
  from.put("k/lock", "", "7");
  from.put("other");
  to.put("k/extra");
  const keys = prefixRange(Buffer.from("k/"));
  const counts = await copyKeys(from.client(), to.client(), wanted({ keys }));
  expect(counts).toMatchObject({ copied: 2, leased: 1, extra: 1 });
});

const kvOf = (key: string) => KeyValue.fromPartial({ key: Buffer.from(key), value: Buffer.from("x") });

test.each([
  { lie: ["k/0000", "other"], why: "a key outside the range" },
  { lie: ["a"], why: "a key before the range" },
  { lie: ["k/0001", "k/0000"], why: "keys that are not in their order" },
  { lie: ["k/0000", "k/0000"], why: "a key twice" },
])("a source that answers $why is not copied", async ({ lie }) => {
  const [from, to] = await stores(2);
  for (const node of from.nodes) node.lie = (answer) => ({ ...answer, kvs: lie.map(kvOf), more: true });
  const copying = copyKeys(
    from.client(),
    to.client(),
    wanted({ keys: prefixRange(Buffer.from("k/")), overwrite: true }),
  );
  expect(await failureOf(copying)).toMatchObject({ code: "SOURCE_UNUSABLE", exit: Exit.Failure });
  expect(to.space.currentRevision).toBe(1);
});

test("a source that answers the same page for ever is copied once", async () => {
  const [from, to] = await stores(2);
  for (const node of from.nodes) node.lie = (answer) => ({ ...answer, kvs: [kvOf("k/0000")], more: true });
  const copying = copyKeys(from.client(), to.client(), wanted({ keys: prefixRange(Buffer.from("k/")) }));
  expect(await failureOf(copying)).toMatchObject({ code: "SOURCE_UNUSABLE" });
  expect(to.space.currentRevision).toBe(2);
});

test("a dry run writes nothing", async () => {
  const [from, to] = await stores(2);
  const counts = await copyKeys(from.client(), to.client(), wanted({ dryRun: true }));
  expect(counts).toMatchObject({ copied: 2, hash: null });
  expect(to.space.currentRevision).toBe(1);
});

test("what changes at the source after the copy began is not in it", async () => {
  const [from, to] = await stores(150);
  const onProgress = () => from.put("k/0149", "later");
  await copyKeys(from.client(), to.client(), wanted({ onProgress }));
  const copy = to.space.before(Buffer.from("k/0149"), to.space.currentRevision + 1);
  expect(Buffer.from(copy?.value ?? "").toString()).toBe("v149");
});

const bytes = (length: number) => new Uint8Array(length);

test.each([
  { sizes: Array.from({ length: 201 }, () => 1), counts: [100, 100, 1], why: "at most 100 operations" },
  { sizes: [600_000, 600_000, 1], counts: [1, 2], why: "at most a mebibyte" },
  {
    sizes: [2_000_000, 1],
    counts: [1, 1],
    why: "a value that is too large goes alone, and the server refuses it",
  },
])("batches: $why", ({ sizes, counts }) => {
  const puts = sizes.map((size) => ({ key: bytes(1), value: bytes(size), modRevision: 0 }));
  expect(batches(puts).map((batch) => batch.length)).toEqual(counts);
});

test("a plan guards each put by what was read", () => {
  const kv = (key: string, value: string, modRevision = 9) => ({
    ...{ key: Buffer.from(key), value: Buffer.from(value), modRevision },
  });
  const target = new Map([
    ["a", kv("a", "1", 4)],
    ["b", kv("b", "old", 5)],
  ]);
  const source = [kv("a", "1"), kv("b", "new"), kv("c", "3")];
  const plan = planPage(source, target, true);
  expect(plan.same).toBe(1);
  expect(plan.puts.map(({ modRevision }) => modRevision)).toEqual([5, 0]);
  expect(planPage(source, target, false).conflicts.map(String)).toEqual(["b"]);
});
