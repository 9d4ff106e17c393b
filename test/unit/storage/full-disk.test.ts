// A disk without space, by making every whole file fail: what waits is not acknowledged, nothing is lost, and writes
// continue once there is space.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { FLEET_GROUP, logIndex } from "../../../src/core/base/ids.ts";
import { diskWorld } from "../../../src/core/storage/disk-world.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { turns } from "../../turns.ts";
import {
  contents,
  entries,
  entry,
  hardState,
  lastIndexOf,
  openStorage,
  ownSnapshot,
  request,
  snapshot,
  worldWith,
} from "./support.ts";

const disk = vi.hoisted(() => ({ failure: null as string | null, failed: 0 }));

vi.mock(import("../../../src/core/base/durable-file.ts"), async (importOriginal) => {
  const real = await importOriginal();
  return {
    ...real,
    writeFileDurably: (path, content) => {
      const { failure } = disk;
      if (failure === null) return real.writeFileDurably(path, content);
      disk.failed += 1;
      return Promise.reject(Object.assign(new Error(`${failure}: injected`), { code: failure }));
    },
  };
});

afterEach(() => {
  disk.failure = null;
});

const SEGMENT_BYTES = 4_096;

/** A storage, what it reports, and whether a write of its log is under way. */
async function opened() {
  const directory = await temporaryFolder();
  const reports: StorageReport["kind"][] = [];
  const onReport = ({ kind }: StorageReport) => reports.push(kind);
  const log = { isBusy: false };
  const world = worldWith(async (path) => {
    const file = await diskWorld.files.openSynced(path);
    const busy = async (work: Promise<void>) => {
      log.isBusy = true;
      await work.finally(() => {
        log.isBusy = false;
      });
    };
    const write = (bytes: Uint8Array, position: number) => busy(file.write(bytes, position));
    return { ...file, write };
  });
  // The pause before a retry is a turn of the event loop.
  const sleep = (_ms: number, signal: AbortSignal) => nextTurn(undefined, { signal });
  const clock = { ...world.clock, sleep };
  const options = { segmentBytes: SEGMENT_BYTES, onReport, world: { ...world, clock } };
  const storage = await openStorage(directory, options);
  return { directory, storage, reports, log };
}

/** Writes entries one after the other, until one is not acknowledged although nothing is being written. */
async function writeUntilStuck({ storage, log }: Awaited<ReturnType<typeof opened>>) {
  const next = turns("a write that is stuck");
  for (let index = 1; ; index += 1) {
    next();
    let isSettled = false;
    const write = storage.write(request({ entries: [entry(index, 1, "x".repeat(300))] }));
    const settled = write.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    const turn = turns("the end of a write, or a disk that is stuck", 100_000);
    for (let idleTurns = 0; !isSettled && idleTurns < 20; await nextTurn()) {
      turn();
      idleTurns = log.isBusy || !storage.isFull ? 0 : idleTurns + 1;
    }
    if (!isSettled) return { acknowledged: index - 1, write };
  }
}

test("without room for the next segment appends wait, and go on when there is space", async () => {
  const victim = await opened();
  const { directory, storage, reports } = victim;
  disk.failure = "ENOSPC";
  const { acknowledged, write } = await writeUntilStuck(victim);
  expect(acknowledged).toBeGreaterThan(5);
  expect(reports).toEqual(["disk-full"]);

  disk.failure = null;
  await write;
  expect(storage.isFull).toBe(false);
  expect(reports).toEqual(["disk-full", "disk-has-space"]);
  await storage.close();
  expect(lastIndexOf(await openStorage(directory))).toBe(acknowledged + 1);
});

test("closed while it waits, it keeps what it acknowledged", async () => {
  const victim = await opened();
  const { directory, storage } = victim;
  disk.failure = "EDQUOT";
  const { acknowledged, write } = await writeUntilStuck(victim);
  const rejected = expect(write).rejects.toThrow();
  await storage.close();
  await rejected;
  disk.failure = null;
  expect(lastIndexOf(await openStorage(directory))).toBe(acknowledged);
});

test("an own snapshot waits for space while the log goes on", async () => {
  const { directory, storage } = await opened();
  await storage.write(request({ entries: entries(1, 5), hardState: hardState(1, 1, 5) }));
  disk.failure = "ENOSPC";
  const saved = storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
  await expect.poll(() => storage.isFull).toBe(true);
  await storage.write(request({ entries: [entry(6)] }));
  disk.failure = null;
  await saved;
  storage.compact(FLEET_GROUP, logIndex(4));
  await storage.close();
  expect(contents((await openStorage(directory)).reader(FLEET_GROUP))).toMatchObject({
    snapshot: snapshot(4),
    entries: entries(5, 6),
  });
});

test("a received snapshot is acknowledged only once there was room for it", async () => {
  const { directory, storage } = await opened();
  disk.failure = "ENOSPC";
  const done: string[] = [];
  const installed = storage.write(request({ snapshot: snapshot(9), hardState: hardState(1, 0, 9) }));
  const behind = storage.write(request({ entries: [entry(10)] }));
  void installed.then(() => done.push("snapshot"));
  void behind.then(() => done.push("entry"));
  await expect.poll(() => storage.isFull).toBe(true);
  const before = disk.failed;
  await expect.poll(() => disk.failed).toBeGreaterThan(before + 3);
  expect(done).toEqual([]);
  disk.failure = null;
  await Promise.all([installed, behind]);
  await storage.close();
  expect(contents((await openStorage(directory)).reader(FLEET_GROUP))).toMatchObject({
    snapshot: snapshot(9),
    entries: [entry(10)],
  });
});

test("a disk that fails for another reason is not waited for", async () => {
  const { storage, reports } = await opened();
  disk.failure = "EIO";
  const failed = storage.write(request({ snapshot: snapshot(9), hardState: hardState(1, 0, 9) }));
  await expect(failed).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
  expect([storage.isFull, reports]).toEqual([false, []]);
});

test("a failed sync of an own snapshot is told as one, and names the file", async () => {
  const { storage } = await opened();
  await storage.write(request({ entries: entries(1, 5), hardState: hardState(1, 1, 5) }));
  disk.failure = "EIO";
  await expect(storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4))).rejects.toMatchObject({
    code: "STORAGE_WRITE_FAILED",
    parts: { what: expect.stringMatching(/writing .*0-0000000000000001-0000000000000004\.snap failed: EIO/) },
  });
});

test("a folder whose disk fails at its opening is told as such", async () => {
  disk.failure = "EIO";
  const parts = { what: expect.stringContaining("EIO"), next: expect.stringContaining("Repair the disk") };
  await expect(openStorage(await temporaryFolder())).rejects.toMatchObject({ code: "STORAGE_FAILED", parts });
});

test("a folder that can't be opened for want of space says so, and is fine later", async () => {
  const directory = await temporaryFolder();
  disk.failure = "ENOSPC";
  const parts = { next: expect.stringContaining("free space") };
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_FULL", parts });
  disk.failure = null;
  await (await openStorage(directory)).write(request({ entries: [entry(1)] }));
});
