// The storage on a real filesystem that really fills up. Mounting one takes rights that CI may not have: then this is
// skipped, and full-disk.test.ts says the same with an injected disk.

import { execFileSync } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { DirectorySnapshotStore } from "../../src/core/export/directory-store.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";

const SEGMENT_BYTES = 64 * 1024;
const identity = { clusterId: "c-full", nodeId: nodeId(1) };

const mountPoint = await makeFolder();
const isMounted = tryRun("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", mountPoint);
const isLeftOut = lacks("the right to mount", isMounted);
afterAll(async () => {
  if (isMounted) tryRun("umount", mountPoint);
  await removeFolder(mountPoint);
});

test.skipIf(isLeftOut)("appends wait for space, and every one is there in the end", async () => {
  const directory = join(mountPoint, "data");
  const ballast = join(mountPoint, "ballast");
  const reports: string[] = [];
  const storage = await DiskStorage.open({
    directory,
    identity,
    segmentBytes: SEGMENT_BYTES,
    onReport: ({ kind }) => reports.push(kind),
  });
  await writeFile(ballast, new Uint8Array(512 * 1024)).catch(() => undefined);
  const writes = Array.from({ length: 200 }, (_, at) => storage.write(entryAt(at + 1)));
  await expect.poll(() => storage.isFull).toBe(true);
  await rm(ballast);
  await Promise.all(writes);
  expect(reports).toEqual(["disk-full", "disk-has-space"]);
  await storage.close();

  const reopened = await DiskStorage.open({ directory, identity });
  expect(reopened.reader(FLEET_GROUP).lastIndex()).toBe(writes.length);
  await reopened.close();
  expect((await readdir(join(directory, "wal"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test.skipIf(isLeftOut)("a snapshot that does not fit is refused, and leaves nothing", async () => {
  const store = new DirectorySnapshotStore(join(mountPoint, "exports"));
  const attempt = store.put("20260101T000000000Z-1/state", new Uint8Array(1024 * 1024));
  await expect(attempt).rejects.toMatchObject({
    code: "SNAPSHOT_STORE_FAILED",
    parts: { what: expect.stringContaining("ENOSPC") },
  });
  expect(await readdir(store.place)).toEqual([]);
});

function entryAt(index: number) {
  const data = new Uint8Array(700).fill(index);
  const entry = { index: logIndex(index), term: term(1), type: "normal", data } as const;
  return { group: FLEET_GROUP, hardState: null, entries: [entry], snapshot: null };
}

function tryRun(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
