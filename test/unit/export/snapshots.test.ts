// What counts as an exported snapshot, what verifying tells, and what retention takes.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { readCatalog } from "../../../src/core/export/catalog.ts";
import { deleteSnapshot, exportSnapshot } from "../../../src/core/export/export-snapshot.ts";
import { encodeManifest, parseManifest } from "../../../src/core/export/manifest.ts";
import { outdated } from "../../../src/core/export/retention.ts";
import {
  manifestKey,
  parseSnapshotName,
  snapshotName,
  stateKey,
} from "../../../src/core/export/snapshot-name.ts";
import { verifySnapshot } from "../../../src/core/export/verify-snapshot.ts";
import { captured, inspect, MemoryStore } from "./samples.ts";

const DAY_MS = 86_400_000;

test.each([
  {
    name: "20261121T124758123Z-12",
    parsed: { atMs: Date.UTC(2026, 10, 21, 12, 47, 58, 123), index: 12 },
    why: "ours",
  },
  { name: "20261121T124758123Z", parsed: null, why: "without an index" },
  { name: "20261321T124758123Z-12", parsed: null, why: "no such month" },
  { name: "20261121T124758123Z-12 (copy)", parsed: null, why: "somebody's copy" },
])("$name: $why", ({ name, parsed }) => {
  expect(parseSnapshotName(name)).toEqual(parsed && { name, ...parsed });
  if (parsed !== null) expect(snapshotName(parsed.atMs, parsed.index)).toBe(name);
});

test("a manifest is read back as it was written, and a damaged one is told", () => {
  const { manifest } = captured(5);
  const bytes = encodeManifest(manifest);
  expect(parseManifest(bytes)).toEqual({ ok: true, manifest });
  const changed = (from: string, to: string) =>
    parseManifest(Buffer.from(Buffer.from(bytes).toString().replace(from, to)));
  expect(parseManifest(bytes.subarray(0, 40))).toMatchObject({ problem: "its manifest is not JSON" });
  expect(changed('"schemaVersion": 1', '"schemaVersion": 2')).toMatchObject({ ok: false });
  expect(changed('"term": 3', '"term": -3')).toMatchObject({ problem: "its manifest has no usable term" });
  expect(changed('"learner": false', '"learner": 0')).toMatchObject({ ok: false });
});

test("the manifest is written last, after the bytes were read back", async () => {
  const store = new MemoryStore();
  const done: string[] = [];
  store.before = (operation, key) => done.push(`${operation} ${key.split("/")[1] ?? ""}`);
  await exportSnapshot(store, captured(5), inspect);
  expect(done).toEqual(["put state", "get state", "put manifest.json"]);
});

test("bytes that come back differently get no manifest, and do not stay", async () => {
  const store = new MemoryStore();
  store.before = (operation, key) => {
    if (operation === "get") store.objects.set(key, new Uint8Array([1, 2, 3]));
  };
  await expect(exportSnapshot(store, captured(5), inspect)).rejects.toMatchObject({
    code: "SNAPSHOT_UNVERIFIED",
  });
  expect([...store.objects.keys()].some((key) => key.endsWith("manifest.json"))).toBe(false);
  expect([...store.objects.keys()]).toEqual([]);
});

test.each([
  { why: "whole", damage: (bytes: Uint8Array) => bytes, problem: null },
  {
    why: "truncated",
    damage: (bytes: Uint8Array) => bytes.subarray(0, -1),
    problem: /bytes, its manifest says/,
  },
  {
    why: "one bit changed",
    damage: (bytes: Uint8Array) => bytes.map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
    problem: /SHA-256/,
  },
  { why: "missing", damage: () => null, problem: /bytes are missing/ },
])("verifying one that is $why", async ({ damage, problem }) => {
  const store = new MemoryStore();
  const name = await exportSnapshot(store, captured(9), inspect);
  const changed = damage(present(store.objects.get(stateKey(name)), "it was put"));
  if (changed === null) store.objects.delete(stateKey(name));
  else store.objects.set(stateKey(name), changed);
  const entry = present((await readCatalog(store))[0], "it is in the catalog");
  const verified = await verifySnapshot(store, entry, inspect);
  if (problem === null) expect(verified).toMatchObject({ ok: true });
  else expect(verified).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
});

test("tables whose hash is not the manifest's are found, though every byte is as uploaded", async () => {
  const store = new MemoryStore();
  const wrong = captured(9, { stateHash: "0".repeat(16) });
  await expect(exportSnapshot(store, wrong, inspect)).rejects.toThrow(/tables have hash/);
});

test("the newest is the one with the highest index, whatever the leaders' clocks said", async () => {
  const store = new MemoryStore();
  await exportSnapshot(store, captured(9, { atMs: 1_000 }), inspect);
  await exportSnapshot(store, captured(5, { atMs: 900_000 }), inspect);
  expect((await readCatalog(store)).map(({ index }) => index)).toEqual([9, 5]);
});

test("of two incarnations from one copy the later is the newer, though its index is lower", async () => {
  const store = new MemoryStore();
  await exportSnapshot(store, captured(9, { clusterId: "lost", atMs: 1_000 }), inspect);
  await exportSnapshot(store, captured(5, { clusterId: "restored", epoch: 900, atMs: 2_000 }), inspect);
  await exportSnapshot(store, captured(6, { clusterId: "restored", epoch: 900, atMs: 3_000 }), inspect);
  expect((await readCatalog(store)).map(({ index }) => index)).toEqual([6, 5, 9]);
});

test.each([
  { why: "bytes that are missing", bytes: null, problem: "its bytes are missing" },
  {
    why: "bytes that were cut",
    bytes: new Uint8Array(3),
    problem: /^it has 3 bytes, its manifest says \d+$/,
  },
])("$why are found without reading them", async ({ bytes, problem }) => {
  const store = new MemoryStore();
  const name = await exportSnapshot(store, captured(5), inspect);
  if (bytes === null) store.objects.delete(stateKey(name));
  else store.objects.set(stateKey(name), bytes);
  const read: string[] = [];
  store.before = (operation, key) => operation === "get" && read.push(key);
  expect(await readCatalog(store)).toMatchObject([{ problem: expect.stringMatching(problem) }]);
  expect(read).toEqual([manifestKey(name)]);
});

test("a manifest that is written while the store is listed is not taken for one without bytes", async () => {
  const store = new MemoryStore();
  const { manifest } = captured(5);
  const name = snapshotName(manifest.atMs, manifest.index);
  store.objects.set(`${stateKey(name)}.tmp`, new Uint8Array([1]));
  const list = store.list.bind(store);
  store.list = async () => {
    const found = await list();
    await exportSnapshot(store, captured(5), inspect);
    return found;
  };
  expect(await readCatalog(store)).toMatchObject([
    { manifest: null, problem: expect.stringContaining("no manifest") },
  ]);
});

async function filled(): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const entries of [4, 5, 6]) await exportSnapshot(store, captured(entries), inspect);
  await exportSnapshot(store, captured(7, { clusterId: "id-2", clusterName: "other" }), inspect);
  store.objects.set(stateKey("20200101T000000000Z-3"), new Uint8Array([1]));
  store.objects.set(`${manifestKey("20200101T000000000Z-2")}.tmp`, new Uint8Array([1]));
  store.objects.set(manifestKey("20200101T000000000Z-1"), Buffer.from('{"schemaVersion": 99}'));
  store.objects.set("notes.txt", new Uint8Array([1]));
  return store;
}

test.each([
  { keep: 2, nowMs: 0, gone: [4], why: "the oldest of this cluster, nothing of the other" },
  { keep: 1, nowMs: 0, gone: [4, 5], why: "the newest always stays" },
  { keep: 9, nowMs: 0, gone: [], why: "fewer than are to be kept" },
  { keep: 9, nowMs: DAY_MS + 1, gone: [2, 3], why: "remnants of exports that were killed, after a day" },
])("keep $keep at $nowMs: $why", async ({ keep, nowMs, gone }) => {
  const catalog = await readCatalog(await filled());
  const found = outdated(catalog, { clusterId: "id-1", keep, nowMs }).map(({ index }) => index);
  expect(found).toEqual(gone);
});

test.each([
  { keep: 1, damaged: [6], gone: [4], why: "the newest that can be restored stays" },
  { keep: 2, damaged: [6], gone: [], why: "a damaged one is not among those that are kept" },
  { keep: 1, damaged: [5], gone: [4, 5], why: "a damaged one goes with those of its age" },
  { keep: 1, damaged: [4, 5, 6], gone: [], why: "while nothing can be restored, nothing goes" },
])("keep $keep with damaged ones: $why", async ({ keep, damaged, gone }) => {
  const store = await filled();
  for (const { name, index } of await readCatalog(store)) {
    if (damaged.includes(index)) store.objects.delete(stateKey(name));
  }
  const catalog = await readCatalog(store);
  const found = outdated(catalog, { clusterId: "id-1", keep, nowMs: 0 }).map(({ index }) => index);
  expect(found).toEqual(gone);
});

test("what is deleted ceases to exist before its bytes go", async () => {
  const store = await filled();
  const entry = present(
    (await readCatalog(store)).find(({ index }) => index === 4),
    "it is there",
  );
  expect(entry.keys).toEqual([manifestKey(entry.name), stateKey(entry.name)]);
  await deleteSnapshot(store, entry);
  expect([...store.objects.keys()].filter((key) => key.startsWith(entry.name))).toEqual([]);
  expect(store.objects.has("notes.txt")).toBe(true);
});
