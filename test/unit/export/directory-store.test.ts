// Snapshots in a folder on a full disk, on a share that hangs, or where no folder can be. A named pipe without a reader
// hangs as such a share does.

import { execFileSync } from "node:child_process";
import { mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { readCatalog } from "../../../src/core/export/catalog.ts";
import { DirectorySnapshotStore } from "../../../src/core/export/directory-store.ts";
import { deleteSnapshot, exportSnapshot } from "../../../src/core/export/export-snapshot.ts";
import { outdated } from "../../../src/core/export/retention.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { captured, inspect } from "./samples.ts";

const NAME = "20260101T000000000Z-7";
const DAY_MS = 86_400_000;
let folder: string;
let store: DirectorySnapshotStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new DirectorySnapshotStore(folder);
});

test("a write that fails leaves no folder behind, nor takes one that holds something", async () => {
  // Nothing can be written where a folder is in the way, whatever user runs this.
  await mkdir(join(folder, "blocked", "state.tmp"), { recursive: true });
  const full = new DirectorySnapshotStore(join(folder, "x".repeat(250)));
  await expect(full.put(`${"y".repeat(300)}/state`, new Uint8Array([1]))).rejects.toThrow("ENAMETOOLONG");
  await expect(store.put(`${NAME}/${"z".repeat(300)}`, new Uint8Array([1]))).rejects.toThrow("ENAMETOOLONG");
  await expect(store.put("blocked/state", new Uint8Array([1]))).rejects.toMatchObject({
    code: "SNAPSHOT_STORE_FAILED",
  });
  expect((await readdir(folder)).filter((name) => name !== "x".repeat(250))).toEqual(["blocked"]);
});

test.each([
  { place: () => "/proc/self/x", says: "EOPNOTSUPP: no folder can be made on this file system" },
  { place: () => "/proc", says: "EOPNOTSUPP: no folder can be made on this file system" },
  { place: () => "/dev/null/x", says: "ENOTDIR" },
  { place: () => join(folder, "file"), says: "ENOTDIR" },
  { place: () => join(folder, "file", "below"), says: "ENOTDIR" },
])(
  "a place of which it is said $says is refused",
  async ({ place, says }) => {
    await writeFile(join(folder, "file"), "");
    const refusing = new DirectorySnapshotStore(place());
    await expect(exportSnapshot(refusing, captured(5), inspect)).rejects.toMatchObject({
      code: "SNAPSHOT_STORE_FAILED",
      parts: { exit: 1, what: expect.stringContaining(says) },
    });
  },
  10_000,
);

test("an empty folder that a killed export has left goes as other remnants do", async () => {
  await mkdir(join(folder, NAME));
  await utimes(join(folder, NAME), 1, 1);
  await mkdir(join(folder, "20260101T000000000Z-8"));
  await writeFile(join(folder, "20260101T000000000Z-8", "notes.txt"), "mine");
  const catalog = await readCatalog(store);
  expect(catalog).toMatchObject([{ name: NAME, manifest: null, keys: [`${NAME}/`] }]);
  const wish = { clusterId: "id-1", keep: 1 };
  expect(outdated(catalog, { ...wish, nowMs: 1_000 + DAY_MS })).toEqual([]);
  const gone = outdated(catalog, { ...wish, nowMs: 1_001 + DAY_MS });
  for (const entry of gone) await deleteSnapshot(store, entry);
  expect(await readdir(folder)).toEqual(["20260101T000000000Z-8"]);
});

test("while one operation hangs no other is begun, and those that were given up meanwhile never are", async () => {
  const pipe = join(folder, NAME, "state");
  await mkdir(join(folder, NAME));
  execFileSync("mkfifo", [pipe]);
  const hung = store.get(`${NAME}/state`);
  const stop = new AbortController();
  const given = store.put(`${NAME}/manifest.json`, new Uint8Array([1]), stop.signal);
  const waiting = store.list();
  let isListed = false;
  void waiting.then(() => {
    isListed = true;
  });
  // Time in which the folder could have been listed often.
  for (let times = 0; times < 20; times += 1) await readdir(folder);
  expect(isListed).toBe(false);
  stop.abort(new Error("given up"));
  await writeFile(pipe, "at last");
  expect(Buffer.from(present(await hung, "it is there")).toString()).toBe("at last");
  await expect(given).rejects.toThrow("given up");
  expect(await waiting).toEqual([]);
});

test("a link to a folder elsewhere is no snapshot: nothing behind it is listed or deleted", async () => {
  const elsewhere = await makeFolder();
  try {
    await writeFile(join(elsewhere, "state"), "another program's");
    await symlink(elsewhere, join(folder, NAME));
    await mkdir(join(folder, "20260101T000000000Z-8"));
    await symlink(join(elsewhere, "state"), join(folder, "20260101T000000000Z-8", "state"));
    const catalog = await readCatalog(store);
    const limits = { clusterId: "id-1", keep: 1, nowMs: Date.now() + 2 * DAY_MS };
    for (const entry of outdated(catalog, limits)) await deleteSnapshot(store, entry);
    expect(catalog).toEqual([]);
    expect(await readdir(elsewhere)).toEqual(["state"]);
  } finally {
    await removeFolder(elsewhere);
  }
});
