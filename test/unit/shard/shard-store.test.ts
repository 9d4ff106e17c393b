// The shard's record: what survives a start, how changes share a write, and which files are refused.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { OperatorError } from "../../../src/core/base/errors.ts";
import type { Binding } from "../../../src/core/shard/binding-table.ts";
import { decodeShardRecord } from "../../../src/core/shard/shard-file.ts";
import { ShardStore } from "../../../src/core/shard/shard-store.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const to = { toShard: "s2", toAddress: "h:2" };
let dataDirectory = "";

beforeEach(async () => {
  dataDirectory = await temporaryFolder();
});

const open = (nowMs = 0) => ShardStore.open({ dataDirectory, shardId: "s1", now: () => nowMs });

test("bindings and the coordinator's term survive; the epoch rises; a wait for a session's end is over", async () => {
  const first = await open();
  first.set("c1", { kind: "bound", version: 0 });
  first.set("c2", { kind: "released", version: 4, to });
  first.set("c3", { kind: "releasing", version: 5, to });
  first.obey({ incarnation: { id: "i1", epoch: 4 }, term: 9, givenUp: [] });
  await first.durable();
  const second = await open();
  expect([first.epoch, second.epoch]).toEqual([1, 2]);
  expect(second.allegiance).toEqual({ incarnation: { id: "i1", epoch: 4 }, term: 9, givenUp: [] });
  expect([...second.bindings]).toEqual([
    ["c1", { kind: "bound", version: 0 }],
    ["c2", { kind: "released", version: 4, to }],
    ["c3", { kind: "released", version: 5, to }],
  ]);
});

test("a raised epoch is stored by the start itself", async () => {
  for (const epoch of [1, 2, 3]) expect((await open()).epoch).toBe(epoch);
});

test("the epoch rises even when the record was lost, and when the clock goes back", async () => {
  const before = await open(50_000);
  await rm(join(dataDirectory, "bindings.json"));
  const after = await open(60_000);
  expect(after.epoch).toBeGreaterThan(before.epoch);
  expect((await open(10_000)).epoch).toBeGreaterThan(after.epoch);
});

/** A disk whose writes end when the test says so. */
class SlowDisk {
  readonly writes: { readonly bytes: Uint8Array; end(error?: Error): void }[] = [];
  readonly write = (_path: string, bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => (error === undefined ? resolve() : reject(error));
      this.writes.push({ bytes, end });
    });
  end(error?: Error): void {
    this.writes.at(-1)?.end(error);
  }
}

async function openOn(disk: SlowDisk): Promise<ShardStore> {
  const opening = ShardStore.open({ dataDirectory, shardId: "s1", writeFile: disk.write });
  await expect.poll(() => disk.writes.length).toBe(1);
  disk.end();
  return opening;
}

const bound: Binding = { kind: "bound", version: 0 };

test("many first contacts share one write", async () => {
  const disk = new SlowDisk();
  const store = await openOn(disk);
  const contacts = Array.from({ length: 100 }, (_, number) => {
    store.set(`c${number}`, { ...bound });
    return store.durable();
  });
  await expect.poll(() => disk.writes.length).toBe(2);
  disk.end();
  // The first write began with the first contact; the second carries the other 99.
  await expect.poll(() => disk.writes.length).toBe(3);
  disk.end();
  await Promise.all(contacts);
  expect(disk.writes.length).toBe(3);
  const last = disk.writes.at(-1)?.bytes ?? new Uint8Array();
  expect(decodeShardRecord(last, "record").bindings.size).toBe(100);
});

test("a change made during a write is not durable with it", async () => {
  const disk = new SlowDisk();
  const store = await openOn(disk);
  store.set("c1", bound);
  const first = store.durable();
  store.set("c2", { ...bound });
  let isSecondDurable = false;
  const second = store.durable().then(() => {
    isSecondDurable = true;
  });
  disk.end();
  await first;
  await expect.poll(() => disk.writes.length).toBe(3);
  expect(isSecondDurable).toBe(false);
  disk.end();
  await second;
});

test("a failed write is told, and tried again by the next who asks, though nothing has changed since", async () => {
  const disk = new SlowDisk();
  const store = await openOn(disk);
  store.set("c1", bound);
  const first = store.durable();
  disk.end(new Error("disk full"));
  await expect(first).rejects.toThrow("disk full");
  const second = store.durable();
  disk.end();
  await second;
  expect(disk.writes.length).toBe(3);
});

const valid = {
  ...{ schemaVersion: 2, shardId: "s1", epoch: 3, coordinatorTerm: 2 },
  ...{ bindings: {}, domains: [] as unknown[] },
};

test("a record without domains, as the first version wrote it, is read and written anew", async () => {
  const { domains: _none, ...first } = { ...valid, schemaVersion: 1, bindings: { c1: bound } };
  await writeFile(join(dataDirectory, "bindings.json"), JSON.stringify(first));
  expect([...(await open()).bindings]).toEqual([["c1", bound]]);
  expect(JSON.parse(await readFile(join(dataDirectory, "bindings.json"), "utf8"))).toMatchObject({
    ...{ schemaVersion: 2, epoch: 4, domains: [] },
  });
});

test("a record from before incarnations obeys none yet, and keeps its term", async () => {
  await writeFile(join(dataDirectory, "bindings.json"), JSON.stringify(valid));
  expect((await open()).allegiance).toEqual({ incarnation: null, term: 2, givenUp: [] });
});

test.each([
  { content: "", why: "it is not JSON" },
  { content: JSON.stringify({ ...valid, schemaVersion: 3 }), why: "schemaVersion" },
  { content: JSON.stringify({ ...valid, epoch: -1 }), why: "epoch is not a count" },
  { content: JSON.stringify({ ...valid, bindings: [] }), why: "bindings is not an object" },
  {
    content: JSON.stringify({ ...valid, bindings: { c1: { kind: "lost", version: 0 } } }),
    why: "bindings.c1.kind",
  },
  {
    content: JSON.stringify({ ...valid, bindings: { c1: { kind: "released", version: 1 } } }),
    why: "bindings.c1.to",
  },
  { content: JSON.stringify({ ...valid, domains: {} }), why: "domains is not a list" },
  {
    content: JSON.stringify({ ...valid, incarnation: { id: "a" } }),
    why: "incarnation.epoch is not a count",
  },
  { content: JSON.stringify({ ...valid, givenUp: [7] }), why: "givenUp[0] is not a text" },
  {
    content: JSON.stringify({ ...valid, domains: [{ key: "k", value: "v", sequence: 1 }] }),
    why: "domains[0].assigned",
  },
])("a record that cannot be understood is refused: $why", async ({ content, why }) => {
  await writeFile(join(dataDirectory, "bindings.json"), content);
  const error = await open().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OperatorError);
  expect(error).toMatchObject({
    code: "SHARD_RECORD_UNREADABLE",
    parts: { why: expect.stringContaining(why) },
  });
});

test("another shard's directory is refused", async () => {
  await open();
  const stranger = ShardStore.open({ dataDirectory, shardId: "s2" });
  await expect(stranger).rejects.toMatchObject({ code: "SHARD_DIRECTORY_FOREIGN" });
});
