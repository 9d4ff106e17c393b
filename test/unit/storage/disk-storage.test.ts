import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex, nodeId } from "../../../src/core/base/ids.ts";
import { diskWorld } from "../../../src/core/storage/disk-world.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  contents,
  entries,
  entry,
  hardState,
  IDENTITY,
  openStorage,
  ownSnapshot,
  request,
  snapshot,
  worldWith,
} from "./support.ts";

/** The only file operation is held: what is acknowledged meanwhile is acknowledged within a few turns. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

/** Real files whose synced writes wait for `release`, or fail once `failure` is set. */
function controlledFiles() {
  const waiting: (() => void)[] = [];
  const control = {
    failure: null as Error | null,
    holds: false,
    syncs: 0,
    heldSyncs: () => waiting.length,
    release: () => {
      control.holds = false;
      for (const resolve of waiting.splice(0)) resolve();
    },
    world: worldWith(async (path) => {
      const file = await diskWorld.files.openSynced(path);
      const write = async (bytes: Uint8Array, position: number) => {
        if (control.holds) await new Promise<void>((resolve) => waiting.push(resolve));
        if (control.failure !== null) throw control.failure;
        await file.write(bytes, position);
        control.syncs += 1;
      };
      return { ...file, write };
    }),
  };
  return control;
}

test("what was written is there after a reopen, group by group", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await Promise.all([
    storage.write(request({ entries: entries(1, 5), hardState: hardState(1, 2, 3) })),
    storage.write(request({ group: groupId(7), entries: entries(1, 2, 4), hardState: hardState(4, 1, 0) })),
  ]);
  await storage.write(request({ hardState: hardState(2, 0, 4) }));
  const before = [FLEET_GROUP, groupId(7)].map((group) => contents(storage.reader(group)));
  await storage.close();
  const reopened = await openStorage(directory);
  expect([FLEET_GROUP, groupId(7)].map((group) => contents(reopened.reader(group)))).toEqual(before);
  expect(contents(reopened.reader(groupId(99)))).toMatchObject({ first: 1, entries: [] });
});

test("a conflicting suffix is replaced, also on disk", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 6) }));
  await storage.write(request({ entries: entries(4, 5, 2), hardState: hardState(2, 0, 5) }));
  await storage.close();
  const reopened = await openStorage(directory);
  expect(contents(reopened.reader(FLEET_GROUP)).entries).toEqual([...entries(1, 3), ...entries(4, 5, 2)]);
});

test("writes that are ready together share one sync", async () => {
  const storage = await openStorage(await temporaryFolder(), { segmentBytes: 1024 * 1024 });
  const before = storage.stats().syncs;
  await Promise.all(entries(1, 500).map((next) => storage.write(request({ entries: [next] }))));
  expect(storage.stats().syncs - before).toBe(1);
});

test("writes that arrive during a sync share the next one", async () => {
  const files = controlledFiles();
  const storage = await openStorage(await temporaryFolder(), {
    world: files.world,
    segmentBytes: 1024 * 1024,
  });
  files.holds = true;
  const first = storage.write(request({ entries: [entry(1)] }));
  await new Promise(setImmediate);
  const others = entries(2, 100).map((next) => storage.write(request({ entries: [next] })));
  files.release();
  await Promise.all([first, ...others]);
  expect(storage.stats().syncs).toBe(2);
});

test("yugabyte#32875: an empty write is not acknowledged before what came before it is durable", async () => {
  const files = controlledFiles();
  const storage = await openStorage(await temporaryFolder(), { world: files.world });
  files.holds = true;
  const done: string[] = [];
  const first = storage.write(request({ entries: [entry(1)] })).then(() => done.push("entry"));
  const empty = storage.write(request({})).then(() => done.push("empty"));
  await expect.poll(() => files.heldSyncs()).toBe(1);
  await turns();
  expect(done).toEqual([]);
  const late = storage.write(request({})).then(() => done.push("late"));
  files.release();
  await Promise.all([first, empty, late]);
  expect(done).toEqual(["entry", "empty", "late"]);
  expect(storage.stats().syncs).toBe(1);
});

test("a commit index that moves alone costs no sync, and rides with the next frame", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 3), hardState: hardState(1, 2, 1) }));
  await storage.write(request({ hardState: hardState(1, 2, 2) }));
  await storage.write(request({ hardState: hardState(1, 2, 3) }));
  expect(storage.stats().syncs).toBe(1);
  expect(storage.reader(FLEET_GROUP).initialState().hardState.commit).toBe(3);
  await storage.write(request({ group: groupId(7), entries: [entry(1)] }));
  expect(storage.stats().syncs).toBe(2);
  await storage.close();
  const reopened = await openStorage(directory);
  expect(reopened.reader(FLEET_GROUP).initialState().hardState).toEqual(hardState(1, 2, 3));
});

test("a commit index that moved last and alone may be forgotten, and only that", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 3), hardState: hardState(1, 2, 1) }));
  await storage.write(request({ hardState: hardState(1, 2, 3) }));
  await storage.close();
  const { hardState: kept, entries: log } = contents((await openStorage(directory)).reader(FLEET_GROUP));
  expect({ kept, log }).toEqual({ kept: hardState(1, 2, 1), log: entries(1, 3) });
});

// Replicas that forgot it together would need the quorum of a configuration whose members may be gone for good.
test("a commit index that covers a change of the configuration is synced at once", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  const change = { ...entry(2), type: "conf-change-v2" as const };
  await storage.write(request({ entries: [entry(1), change, entry(3)] }));
  await storage.write(request({ hardState: hardState(0, 0, 1) }));
  expect(storage.stats().syncs).toBe(1);
  await storage.write(request({ hardState: hardState(0, 0, 2) }));
  expect(storage.stats().syncs).toBe(2);
  await storage.write(request({ hardState: hardState(0, 0, 3) }));
  expect(storage.stats().syncs).toBe(2);
  await storage.close();
  const kept = (await openStorage(directory)).reader(FLEET_GROUP).initialState().hardState;
  expect(kept).toEqual(hardState(0, 0, 2));
});

test("a term or a vote is synced, however much it looks like a commit index that moves alone", async () => {
  const storage = await openStorage(await temporaryFolder());
  await storage.write(request({ hardState: hardState(1, 0, 0) }));
  await storage.write(request({ hardState: hardState(1, 2, 0) }));
  await storage.write(request({ hardState: hardState(2, 2, 0) }));
  expect(storage.stats().syncs).toBe(3);
});

test("a commit index that moves alone is not acknowledged before what came before it is durable", async () => {
  const files = controlledFiles();
  const storage = await openStorage(await temporaryFolder(), { world: files.world });
  files.holds = true;
  const done: string[] = [];
  const first = storage.write(request({ entries: [entry(1)] })).then(() => done.push("entry 1"));
  await expect.poll(() => files.heldSyncs()).toBe(1);
  const commit = storage.write(request({ hardState: hardState(0, 0, 1) })).then(() => done.push("commit"));
  const second = storage.write(request({ entries: [entry(2)] })).then(() => done.push("entry 2"));
  await turns();
  expect(done).toEqual([]);
  files.release();
  files.holds = true;
  await Promise.all([first, commit]);
  expect(done).toEqual(["entry 1", "commit"]);
  await expect.poll(() => files.heldSyncs()).toBe(1);
  files.release();
  await second;
});

test("a commit index that rides stands behind the entries that it names", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 1024 });
  const writes = entries(1, 60).flatMap((next) => [
    storage.write(request({ entries: [next] })),
    storage.write(request({ hardState: hardState(0, 0, next.index) })),
  ]);
  await Promise.all(writes);
  await storage.write(request({ hardState: hardState(1, 0, 60) }));
  await storage.close();
  const reopened = await openStorage(directory, { segmentBytes: 1024 });
  expect(contents(reopened.reader(FLEET_GROUP))).toMatchObject({
    hardState: hardState(1, 0, 60),
    entries: entries(1, 60),
  });
});

test("etcd#14370: a write is visible before it is durable, and acknowledged after", async () => {
  const files = controlledFiles();
  const storage = await openStorage(await temporaryFolder(), { world: files.world });
  files.holds = true;
  let isAcknowledged = false;
  const write = storage.write(request({ entries: [entry(1)] })).then(() => {
    isAcknowledged = true;
  });
  expect(storage.reader(FLEET_GROUP).lastIndex()).toBe(1);
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  expect(isAcknowledged).toBe(false);
  files.release();
  await write;
});

test("after a failed sync every pending and later write rejects, and nothing is retried", async () => {
  const files = controlledFiles();
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { world: files.world });
  await storage.write(request({ entries: [entry(1)] }));
  files.holds = true;
  const pending = [storage.write(request({ entries: [entry(2)] }))];
  await new Promise(setImmediate);
  pending.push(storage.write(request({ entries: [entry(3)] })), storage.write(request({})));
  files.failure = new Error("EIO");
  files.release();
  for (const { status } of await Promise.allSettled(pending)) expect(status).toBe("rejected");
  files.failure = null;
  const code = "STORAGE_WRITE_FAILED";
  await expect(storage.write(request({ entries: [entry(4)] }))).rejects.toMatchObject({ code });
  await expect(storage.saveSnapshot(FLEET_GROUP, ownSnapshot(1))).rejects.toMatchObject({ code });
  expect(storage.stats().syncs).toBe(1);
  await storage.close();
  expect((await openStorage(directory)).reader(FLEET_GROUP).lastIndex()).toBeGreaterThanOrEqual(1);
});

test("a received snapshot is not replaced by an own, older one whose sync ends later", async () => {
  const files = controlledFiles();
  const storage = await openStorage(await temporaryFolder(), { world: files.world });
  await storage.write(request({ entries: entries(1, 9), hardState: hardState(1, 0, 9) }));
  files.holds = true;
  const own = storage.saveSnapshot(FLEET_GROUP, ownSnapshot(5));
  await expect.poll(() => files.heldSyncs()).toBe(1);
  const received = storage.write(request({ snapshot: snapshot(40, 2), hardState: hardState(2, 0, 40) }));
  files.release();
  await Promise.all([own, received]);
  expect(storage.reader(FLEET_GROUP).snapshot()).toEqual(snapshot(40, 2));
});

test("a received snapshot that did not become durable costs no entries", async () => {
  const files = controlledFiles();
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { world: files.world, segmentBytes: 1024 });
  for (const next of entries(1, 50)) {
    await storage.write(request({ entries: [next] }));
    await storage.write(request({ group: groupId(2), entries: [next] }));
  }
  await storage.saveSnapshot(groupId(2), ownSnapshot(50));
  files.failure = new Error("EIO");
  await expect(storage.write(request({ snapshot: snapshot(90) }))).rejects.toThrow("EIO");
  storage.compact(groupId(2), logIndex(50));
  await storage.close();
  expect(contents((await openStorage(directory)).reader(FLEET_GROUP)).entries).toEqual(entries(1, 50));
});

// Read from the page cache, the newest frame may never have reached the disk: its writer was killed before the sync.
test("etcd#14140: what recovery shows is durable", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: [entry(1)] }));
  await storage.close();
  const files = controlledFiles();
  await (await openStorage(directory, { world: files.world })).close();
  expect(files.syncs).toBe(1);
  files.failure = new Error("EIO");
  await expect(openStorage(directory, { world: files.world })).rejects.toThrow("EIO");
});

test("close waits for what is queued and refuses what comes later", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  const writes = entries(1, 20).map((next) => storage.write(request({ entries: [next] })));
  await storage.close();
  await Promise.all(writes);
  await expect(storage.write(request({ entries: entries(21, 21) }))).rejects.toThrow("closed");
  expect((await openStorage(directory)).reader(FLEET_GROUP).lastIndex()).toBe(20);
});

test("a request larger than a segment is kept whole", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 4096 });
  const huge = entry(2, 1, "x".repeat(50_000));
  await storage.write(request({ entries: [entry(1)] }));
  await storage.write(request({ entries: [huge] }));
  await storage.write(request({ entries: [entry(3)] }));
  await storage.close();
  const reopened = await openStorage(directory, { segmentBytes: 4096 });
  expect(contents(reopened.reader(FLEET_GROUP)).entries).toEqual([entry(1), huge, entry(3)]);
});

test.each([
  { wrong: { hardState: hardState(2, 1, 1) }, claim: "term never goes back", why: "an older term" },
  {
    wrong: { hardState: hardState(3, 1, 0) },
    claim: "commit index never goes back",
    why: "a lower commit index",
  },
  {
    wrong: { hardState: hardState(3, 2, 1) },
    claim: "vote is not changed",
    why: "a second vote in one term",
  },
  {
    wrong: { hardState: hardState(3, 1, 9) },
    claim: "names an entry that is there",
    why: "a commit index without its entry",
  },
  { wrong: { entries: entries(5, 5) }, claim: "leaves no gap", why: "a gap in the log" },
])("a bug above is stopped here: $why", async ({ wrong, claim }) => {
  const storage = await openStorage(await temporaryFolder());
  await storage.write(request({ entries: entries(1, 2), hardState: hardState(3, 1, 1) }));
  expect(() => storage.write(request(wrong))).toThrow(claim);
});

test("compaction without a durable snapshot is a bug above", async () => {
  const storage = await openStorage(await temporaryFolder());
  await storage.write(request({ entries: entries(1, 5) }));
  expect(() => storage.compact(FLEET_GROUP, logIndex(3))).toThrow("a durable snapshot covers");
});

test("a second open of one folder is refused, and allowed after close", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
  await storage.close();
  await openStorage(directory);
});

test.each([
  { identity: { ...IDENTITY, clusterId: "c-other" }, why: /made for cluster c-test, this is c-other/ },
  { identity: { ...IDENTITY, nodeId: nodeId(2) }, why: /made for node 1, this is 2/ },
])("another node's folder is refused: $why", async ({ identity, why }) => {
  const directory = await temporaryFolder();
  await (await openStorage(directory)).close();
  const parts = { why: expect.stringMatching(why), next: expect.any(String) };
  await expect(openStorage(directory, { identity })).rejects.toMatchObject({
    code: "STORAGE_IDENTITY_MISMATCH",
    parts,
  });
  await openStorage(directory);
});
