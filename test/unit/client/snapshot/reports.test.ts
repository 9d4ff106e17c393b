// What an operator hears about a store in which there is nothing to restore.

import { expect, test } from "vitest";
import { listSnapshots, takeSnapshot, verifySnapshots } from "../../../../src/client/snapshot/reports.ts";
import { exportSnapshot } from "../../../../src/core/export/export-snapshot.ts";
import { stateKey } from "../../../../src/core/export/snapshot-name.ts";
import { captured, inspect, MemoryStore } from "../../export/samples.ts";

const REMNANT = "20260101T000000000Z-7";

test.each([
  { all: true, keys: [], why: "all of none" },
  { all: true, keys: [stateKey(REMNANT)], why: "only what is under way or was interrupted" },
  { all: false, keys: [], why: "the newest of none" },
  { all: false, keys: [stateKey(REMNANT)], why: "the newest of those that count" },
])("to verify $why is no success", async ({ all, keys }) => {
  const store = new MemoryStore();
  for (const key of keys) await store.put(key, new Uint8Array([1]));
  await expect(verifySnapshots(store, { name: undefined, all })).rejects.toMatchObject({
    ...{ code: "SNAPSHOT_NOT_FOUND", parts: { exit: 3 } },
  });
});

test("a remnant that is named is shown", async () => {
  const store = new MemoryStore();
  await store.put(stateKey(REMNANT), new Uint8Array([1]));
  const { snapshots } = await verifySnapshots(store, { name: REMNANT, all: false });
  expect(snapshots).toMatchObject([{ name: REMNANT, state: "incomplete" }]);
});

test("what is to be typed next is one word to a shell", async () => {
  const store = Object.assign(new MemoryStore(), { place: "s3://b/p?endpoint=http://h:1&region=r" });
  await expect(verifySnapshots(store, { name: REMNANT, all: false })).rejects.toMatchObject({
    parts: { next: expect.stringMatching(/--from 's3:\S+region=r'$/) },
  });
});

test("one whose bytes are missing is listed as damaged, and not silently passed over for an older one", async () => {
  const store = new MemoryStore();
  await exportSnapshot(store, captured(5), inspect);
  const name = await exportSnapshot(store, captured(6), inspect);
  await store.delete(stateKey(name));
  const { snapshots } = await listSnapshots(store);
  expect(snapshots).toMatchObject([
    { index: 6, state: "damaged", problem: "its bytes are missing", clusterName: "local" },
    { index: 5, state: "complete", problem: null },
  ]);
  await expect(takeSnapshot(store, undefined)).rejects.toMatchObject({ code: "SNAPSHOT_DAMAGED" });
});

test("the list says which incarnation a snapshot is of, if its manifest does", async () => {
  const store = new MemoryStore();
  await exportSnapshot(store, captured(5), inspect);
  await exportSnapshot(store, captured(6, { epoch: 1_795_357_179 }), inspect);
  const { snapshots } = await listSnapshots(store);
  expect(snapshots).toMatchObject([
    { index: 6, epoch: 1_795_357_179 },
    { index: 5, epoch: null },
  ]);
});
