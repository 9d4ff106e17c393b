// Places where no snapshot can be kept: each is refused, in the words of whatever stands in the way, and leaves nothing.

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectorySnapshotStore } from "../../../src/core/export/directory-store.ts";
import { exportSnapshot } from "../../../src/core/export/export-snapshot.ts";
import { captured, inspect } from "./samples.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-places-"));
  await writeFile(join(folder, "file"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  { place: () => "/proc/self/x", says: "EOPNOTSUPP: no folder can be made on this file system" },
  { place: () => "/proc", says: "EOPNOTSUPP: no folder can be made on this file system" },
  { place: () => "/dev/null/x", says: "ENOTDIR" },
  { place: () => join(folder, "file"), says: "ENOTDIR" },
  { place: () => join(folder, "file", "below"), says: "ENOTDIR" },
])(
  "a place of which it is said $says is refused",
  async ({ place, says }) => {
    const store = new DirectorySnapshotStore(place());
    await expect(exportSnapshot(store, captured(5), inspect)).rejects.toMatchObject({
      code: "SNAPSHOT_STORE_FAILED",
      parts: { exit: 1, what: expect.stringContaining(says) },
    });
  },
  10_000,
);

test("what can't be written leaves no empty folder, and what stands there stays", async () => {
  const store = new DirectorySnapshotStore(join(folder, "exports"));
  const long = `20260101T000000000Z-1/${"x".repeat(300)}`;
  await expect(store.put(long, new Uint8Array(1))).rejects.toMatchObject({ code: "SNAPSHOT_STORE_FAILED" });
  expect(await readdir(join(folder, "exports"))).toEqual([]);
  await store.put("20260101T000000000Z-1/state", new Uint8Array(1));
  await expect(store.put(long, new Uint8Array(1))).rejects.toMatchObject({ code: "SNAPSHOT_STORE_FAILED" });
  expect(await store.list()).toMatchObject([{ key: "20260101T000000000Z-1/state" }]);
});
