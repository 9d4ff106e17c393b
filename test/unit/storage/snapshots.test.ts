import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex } from "../../../src/core/base/ids.ts";
import type { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import { encodeSnapshot } from "../../../src/core/storage/snapshot-file.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  CONF_STATE,
  contents,
  entries,
  entry,
  hardState,
  lastIndexOf,
  newestSnapshot,
  openStorage,
  ownSnapshot,
  request,
  snapshot,
} from "./support.ts";

const snapshotFiles = async (directory: string) => (await readdir(join(directory, "snap"))).sort();
/** Whole ones: the next is prepared meanwhile, under another name at first. */
const segments = async (directory: string) =>
  (await readdir(join(directory, "wal"))).filter((name) => name.endsWith(".wal")).sort();

async function writeAll(storage: DiskStorage, from: number, to: number, atTerm = 1): Promise<void> {
  for (const next of entries(from, to, atTerm)) await storage.write(request({ entries: [next] }));
}

test("a saved snapshot is there after a reopen, and the log starts behind it", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 10), hardState: hardState(1, 1, 8) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(7));
  expect(storage.reader(FLEET_GROUP).firstIndex()).toBe(1);
  await storage.close();
  const reader = (await openStorage(directory)).reader(FLEET_GROUP);
  expect(contents(reader)).toEqual({
    hardState: hardState(1, 1, 8),
    confState: CONF_STATE,
    first: 8,
    entries: entries(8, 10),
    snapshot: snapshot(7),
  });
  expect(reader.term(logIndex(7))).toBe(1);
});

test("a received snapshot restarts the log, with what its own request adds", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await writeAll(storage, 1, 30);
  const install = { snapshot: snapshot(20, 3), entries: entries(21, 22, 3), hardState: hardState(3, 0, 20) };
  const installed = storage.write(request(install));
  const other = storage.write(request({ group: groupId(2), entries: [entry(1)] }));
  const behind = [23, 24, 25].map((index) => storage.write(request({ entries: [entry(index, 3)] })));
  await Promise.all([installed, other, ...behind]);
  const before = contents(storage.reader(FLEET_GROUP));
  expect(before).toMatchObject({ first: 21, entries: entries(21, 25, 3), snapshot: snapshot(20, 3) });
  await storage.close();
  const reopened = await openStorage(directory);
  expect(contents(reopened.reader(FLEET_GROUP))).toEqual(before);
  expect(lastIndexOf(reopened, groupId(2))).toBe(1);
});

test("close waits for a received snapshot and the writes held back behind it", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  const writes = [storage.write(request({ snapshot: snapshot(9), hardState: hardState(1, 0, 9) }))];
  writes.push(storage.write(request({ entries: [entry(10)] })));
  await storage.close();
  await Promise.all(writes);
  expect(lastIndexOf(await openStorage(directory))).toBe(10);
});

test("a received snapshot that can't be saved stops the storage", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await writeAll(storage, 1, 3);
  await rm(join(directory, "snap"), { recursive: true });
  const install = storage.write(request({ snapshot: snapshot(9), hardState: hardState(1, 0, 9) }));
  const behind = storage.write(request({ entries: [entry(10)] }));
  await expect(install).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
  await expect(behind).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
});

test("an own snapshot that can't be saved leaves the log as it was", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await writeAll(storage, 1, 3);
  await rm(join(directory, "snap"), { recursive: true });
  await expect(storage.saveSnapshot(FLEET_GROUP, ownSnapshot(2))).rejects.toMatchObject({
    code: "STORAGE_WRITE_FAILED",
  });
  await storage.write(request({ entries: [entry(4)] }));
  expect(contents(storage.reader(FLEET_GROUP))).toMatchObject({ first: 1, snapshot: { index: 0 } });
});

test("the two newest are kept for each group", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 9) }));
  await storage.write(request({ group: groupId(5), entries: entries(1, 9) }));
  await storage.saveSnapshot(groupId(5), ownSnapshot(1));
  for (const index of [2, 4, 6, 8]) await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(index));
  await storage.close();
  expect((await snapshotFiles(directory)).map((name) => name.replace(/-0*1-0*/, ":"))).toEqual([
    "0:6.snap",
    "0:8.snap",
    "5:1.snap",
  ]);
});

test("snapshots that overtake each other leave the newest in force", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 9), hardState: hardState(1, 0, 9) }));
  const work = [
    storage.saveSnapshot(FLEET_GROUP, ownSnapshot(5)),
    storage.saveSnapshot(FLEET_GROUP, ownSnapshot(5)),
  ];
  work.push(storage.saveSnapshot(FLEET_GROUP, ownSnapshot(3)));
  work.push(storage.write(request({ snapshot: snapshot(40, 2), hardState: hardState(2, 0, 40) })));
  await Promise.all(work);
  expect(storage.reader(FLEET_GROUP).snapshot()).toEqual(snapshot(40, 2));
  await storage.close();
  const reopened = await openStorage(directory);
  expect(contents(reopened.reader(FLEET_GROUP))).toMatchObject({
    first: 41,
    entries: [],
    snapshot: snapshot(40, 2),
  });
});

test("compaction removes the segments below it, and the rest reopens", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  await storage.write(request({ group: groupId(3), hardState: hardState(4, 2, 0) }));
  await writeAll(storage, 1, 400);
  await storage.write(request({ hardState: hardState(1, 1, 400) }));
  const before = await segments(directory);
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(390));
  expect(await segments(directory)).toEqual(expect.arrayContaining(before));
  storage.compact(FLEET_GROUP, logIndex(350));
  await storage.close();
  const after = await segments(directory);
  const kept = before.filter((name) => after.includes(name));
  expect(kept.length).toBeLessThan(before.length / 2);
  expect(before.slice(-kept.length)).toEqual(kept);
  const reopened = await openStorage(directory, { segmentBytes: 2048 });
  expect(contents(reopened.reader(FLEET_GROUP))).toMatchObject({
    first: 391,
    entries: entries(391, 400),
    hardState: hardState(1, 1, 400),
  });
  expect(reopened.reader(groupId(3)).initialState().hardState).toEqual(hardState(4, 2, 0));
});

test("a group that was not compacted keeps its segments", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  await storage.write(request({ group: groupId(3), entries: [entry(1)] }));
  await writeAll(storage, 1, 100);
  const before = await segments(directory);
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(100));
  storage.compact(FLEET_GROUP, logIndex(100));
  await storage.close();
  expect(await segments(directory)).toEqual(expect.arrayContaining(before));
  expect(lastIndexOf(await openStorage(directory), groupId(3))).toBe(1);
});

test("etcd#13766: a snapshot file without a mark is an attempt: removed, and the older one counts", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await writeAll(storage, 1, 9);
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
  await storage.close();
  const [marked = ""] = await snapshotFiles(directory);
  const bytes = encodeSnapshot(FLEET_GROUP, snapshot(8));
  await writeFile(join(directory, "snap", "0-0000000000000001-0000000000000008.snap"), bytes);
  const reopened = await openStorage(directory);
  expect(contents(reopened.reader(FLEET_GROUP))).toMatchObject({ first: 5, snapshot: snapshot(4) });
  expect(await snapshotFiles(directory)).toEqual([marked]);
});

test("the data of a replica's own snapshot are in its file alone: who asks gets them later, and as long as they are not shelved", async () => {
  const storage = await openStorage(await temporaryFolder());
  await writeAll(storage, 1, 9);
  const reader = storage.reader(FLEET_GROUP);
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
  expect(reader.snapshot()).toBe("unavailable");
  expect(await newestSnapshot(reader)).toEqual(snapshot(4));
  expect(reader.snapshot()).toEqual(snapshot(4));
  storage.evictSnapshot(FLEET_GROUP);
  expect(reader.snapshot()).toBe("unavailable");
  expect(await newestSnapshot(reader)).toEqual(snapshot(4));
});

test("a received snapshot stays in memory until its file is durable", async () => {
  const storage = await openStorage(await temporaryFolder());
  const reader = storage.reader(FLEET_GROUP);
  const written = storage.write(request({ snapshot: snapshot(40, 2), hardState: hardState(2, 0, 40) }));
  storage.evictSnapshot(FLEET_GROUP);
  expect(reader.snapshot()).toEqual(snapshot(40, 2));
  await written;
  storage.evictSnapshot(FLEET_GROUP);
  expect(reader.snapshot()).toBe("unavailable");
  expect(await newestSnapshot(reader)).toEqual(snapshot(40, 2));
});

test("a received snapshot takes the place of one that is lost: none is made anew", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await writeAll(storage, 1, 9);
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
  const [name = ""] = await snapshotFiles(directory);
  await rm(join(directory, "snap", name));
  expect(storage.reader(FLEET_GROUP).snapshot()).toBe("unavailable");
  await expect.poll(() => storage.isSnapshotLost(FLEET_GROUP)).toBe(true);
  await storage.write(request({ snapshot: snapshot(40, 2), hardState: hardState(2, 0, 40) }));
  expect(storage.isSnapshotLost(FLEET_GROUP)).toBe(false);
});

test.each([4, 6])(
  "a snapshot that rotted on the disk is made anew, at index %i: nothing else is lost",
  async (next) => {
    const directory = await temporaryFolder();
    const reports: StorageReport[] = [];
    const storage = await openStorage(directory, { onReport: (report) => reports.push(report) });
    await writeAll(storage, 1, 9);
    await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
    const [name = ""] = await snapshotFiles(directory);
    const file = join(directory, "snap", name);
    await writeFile(file, flipped(await readFile(file)));
    const reader = storage.reader(FLEET_GROUP);
    expect(reader.snapshot()).toBe("unavailable");
    await expect.poll(() => storage.isSnapshotLost(FLEET_GROUP)).toBe(true);
    expect(reader.snapshot()).toBe("unavailable");
    const cause = expect.objectContaining({
      code: "STORAGE_CORRUPT",
      message: expect.stringContaining(name),
    });
    expect(reports).toEqual([{ kind: "snapshot-lost", group: FLEET_GROUP, index: 4, cause }]);
    await storage.write(request({ entries: [entry(10)] }));
    await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(next));
    expect(storage.isSnapshotLost(FLEET_GROUP)).toBe(false);
    expect(await newestSnapshot(reader)).toEqual(snapshot(next));
    await storage.close();
    expect(lastIndexOf(await openStorage(directory))).toBe(10);
  },
);

test.each([{ damage: "flip" }, { damage: "remove" }])(
  "a damaged newest snapshot is refused: $damage",
  async ({ damage }) => {
    const directory = await temporaryFolder();
    const storage = await openStorage(directory);
    await writeAll(storage, 1, 9);
    await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
    await storage.close();
    const [name = ""] = await snapshotFiles(directory);
    const file = join(directory, "snap", name);
    if (damage === "flip") await writeFile(file, flipped(await readFile(file)));
    if (damage === "remove") await rm(file);
    const message = expect.stringContaining(name);
    await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT", message });
  },
);

/** One byte differs, whatever it was: encrypted ones are any. */
function flipped(bytes: Buffer): Buffer {
  bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30);
  return bytes;
}
