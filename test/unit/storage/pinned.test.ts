// One log for all groups: a group that writes little must not keep the segments of one that writes much.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex } from "../../../src/core/base/ids.ts";
import type { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  contents,
  entries,
  entry,
  hardState,
  openStorage,
  ownSnapshot,
  request,
  snapshot,
} from "./support.ts";

const IDLE = groupId(7);
const BUSY_ENTRIES = 400;
const SEGMENTS_KEPT = 4;

const segments = async (directory: string) => (await readdir(join(directory, "wal"))).length;

/** The fleet's group writes through many segments and forgets all but the end, as its snapshots let it. */
async function busyFor(storage: DiskStorage, from: number): Promise<void> {
  const indices = Array.from({ length: BUSY_ENTRIES }, (_, offset) => from + offset);
  const written = indices.map((index) =>
    storage.write(request({ entries: [entry(index, 1, "x".repeat(400))] })),
  );
  await Promise.all(written);
  const last = from + BUSY_ENTRIES - 1;
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(last));
  storage.compact(FLEET_GROUP, logIndex(last));
}

test("an idle group is named with its last entry; once it lets go, the old segments are removed", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ group: IDLE, entries: entries(1, 3), hardState: hardState(1, 2, 3) }));
  expect(storage.pinned()).toEqual(new Map());
  await busyFor(storage, 1);
  expect(await segments(directory)).toBeGreaterThan(2 * SEGMENTS_KEPT);
  expect(storage.pinned()).toEqual(new Map([[IDLE, 3]]));

  await storage.saveSnapshot(IDLE, ownSnapshot(3));
  storage.compact(IDLE, logIndex(3));
  expect(storage.pinned()).toEqual(new Map());
  await storage.close();
  expect(await segments(directory)).toBeLessThanOrEqual(2);
  const reader = (await openStorage(directory)).reader(IDLE);
  expect(contents(reader)).toMatchObject({
    hardState: hardState(1, 2, 3),
    entries: [],
    snapshot: snapshot(3),
  });
});

test("a vote of an idle group outlives the segments that it was written to", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ group: IDLE, hardState: hardState(5, 2, 0) }));
  await busyFor(storage, 1);
  await storage.close();
  expect(await segments(directory)).toBeLessThanOrEqual(2);
  const reopened = await openStorage(directory);
  expect(reopened.groups()).toEqual([FLEET_GROUP, IDLE]);
  expect(reopened.reader(IDLE).initialState().hardState).toEqual(hardState(5, 2, 0));
});

test("entries of a dead leader beyond the group's end keep no segment once the log ends at its snapshot", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ group: IDLE, entries: entries(1, 9), hardState: hardState(1, 2, 1) }));
  await storage.write(request({ group: IDLE, entries: [entry(2, 2)], hardState: hardState(2, 2, 2) }));
  await busyFor(storage, 1);
  await storage.saveSnapshot(IDLE, ownSnapshot(2, 2));
  storage.compact(IDLE, logIndex(2));
  await storage.close();
  expect(await segments(directory)).toBeLessThanOrEqual(2);
  const reader = (await openStorage(directory)).reader(IDLE);
  expect([reader.firstIndex(), reader.lastIndex()]).toEqual([3, 2]);
});

test("what is written after a group let go stays, whatever is removed", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ group: IDLE, entries: entries(1, 3), hardState: hardState(1, 2, 3) }));
  await busyFor(storage, 1);
  await storage.saveSnapshot(IDLE, ownSnapshot(3));
  storage.compact(IDLE, logIndex(3));
  await storage.write(request({ group: IDLE, entries: [entry(4)] }));
  await busyFor(storage, BUSY_ENTRIES + 1);
  expect(storage.pinned()).toEqual(new Map([[IDLE, 4]]));
  await storage.close();
  expect(contents((await openStorage(directory)).reader(IDLE))).toMatchObject({ entries: [entry(4)] });
});
