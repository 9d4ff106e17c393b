// Both stores keep the same promises. The directory is on a real disk. The bucket is on a real server that speaks S3,
// which is busy, drops connections and refuses strangers. Verifying runs in its real thread.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { readCatalog } from "../../src/core/export/catalog.ts";
import { deleteSnapshot, exportSnapshot } from "../../src/core/export/export-snapshot.ts";
import { openStore } from "../../src/core/export/open-store.ts";
import { stateKey } from "../../src/core/export/snapshot-name.ts";
import { verifySnapshot } from "../../src/core/export/verify-snapshot.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { captured } from "../unit/export/samples.ts";
import { S3_USER, S3Server } from "./s3-server.ts";

let server: S3Server;
let folder: string;

beforeAll(async () => {
  server = await S3Server.open();
  folder = await makeFolder();
});
afterAll(async () => {
  await server.close();
  await removeFolder(folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.fail("none", 0);
});

function asUser(user: Readonly<Record<string, string>> = S3_USER): void {
  for (const [key, value] of Object.entries(user)) vi.stubEnv(key, value);
}

const places = [
  { kind: "a folder", place: (name: string) => join(folder, name) },
  { kind: "a bucket", place: (name: string) => server.place(name) },
];

test.each(places)("$kind: what is put is listed, read, replaced and deleted", async ({ place }) => {
  asUser();
  const store = await openStore(place("basics"));
  expect([await store.list(), await store.get("20260101T000000000Z-1/state")]).toEqual([[], null]);
  const key = "20260101T000000000Z-1/state";
  for (const text of ["one", "two"]) await store.put(key, Buffer.from(text));
  expect(Buffer.from(present(await store.get(key), "it was put")).toString()).toBe("two");
  expect((await store.list()).map((object) => object.key)).toEqual([key]);
  await store.delete(key);
  await store.delete(key);
  expect(await store.list()).toEqual([]);
});

test.each(places)("$kind: a snapshot is exported, verified and deleted", async ({ place }) => {
  asUser();
  const store = await openStore(place("whole"));
  const sample = captured(300);
  const name = await exportSnapshot(store, sample);
  const [entry] = await readCatalog(store);
  expect(entry).toMatchObject({ name, manifest: sample.manifest, problem: null });
  const verified = await verifySnapshot(store, present(entry, "it is there"));
  expect(verified).toMatchObject({ ok: true });
  await store.put(stateKey(name), sample.bytes.subarray(1));
  expect(await verifySnapshot(store, present(entry, "it is there"))).toMatchObject({ ok: false });
  await deleteSnapshot(store, present(entry, "it is there"));
  expect(await readCatalog(store)).toEqual([]);
});

test("a folder's other files are left alone, and an emptied snapshot takes its folder along", async () => {
  const place = join(folder, "others");
  const store = await openStore(place);
  const name = await exportSnapshot(store, captured(5));
  await writeFile(join(place, "notes.txt"), "mine");
  await deleteSnapshot(store, present((await readCatalog(store))[0], "it is there"));
  expect(await readdir(place)).toEqual(["notes.txt"]);
  expect(name).toMatch(/Z-5$/);
});

test("more objects than a page of S3 holds are all listed", async () => {
  asUser();
  const store = await openStore(server.place("many"));
  const keys = Array.from({ length: 1_005 }, (_, at) => `20260101T000000000Z-${at + 1}/state`);
  for (let from = 0; from < keys.length; from += 50) {
    await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, new Uint8Array([1]))));
  }
  expect(new Set((await store.list()).map(({ key }) => key))).toEqual(new Set(keys));
});

test.each(["busy", "drop-after-headers"] as const)(
  "one request that meets %s is tried again",
  async (fault) => {
    asUser();
    const store = await openStore(server.place("retried"));
    server.fail(fault, 1);
    await store.put("20260101T000000000Z-1/state", Buffer.from("kept"));
    expect(await store.get("20260101T000000000Z-1/state")).toEqual(new Uint8Array(Buffer.from("kept")));
  },
);

test("a server that stays busy is said to be, and what was half exported counts for nothing", async () => {
  asUser();
  const store = await openStore(server.place("busy"));
  server.fail("busy", 1_000);
  await expect(store.list()).rejects.toMatchObject({
    code: "SNAPSHOT_STORE_FAILED",
    parts: { why: expect.stringContaining("503") },
  });
  server.fail("none", 0);
  const sample = captured(5);
  const put = store.put.bind(store);
  store.put = async (key, bytes) => {
    if (key.endsWith("manifest.json")) server.fail("busy", 1_000);
    await put(key, bytes);
  };
  await expect(exportSnapshot(store, sample)).rejects.toMatchObject({ code: "SNAPSHOT_STORE_FAILED" });
  server.fail("none", 0);
  const [entry] = await readCatalog(store);
  expect(entry).toMatchObject({ manifest: null, problem: expect.stringContaining("no manifest") });
});

test("an unknown user is refused, and no secret is told", async () => {
  asUser({ AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "hidden-secret" });
  const store = await openStore(server.place("denied"));
  const error = await store.put("20260101T000000000Z-1/state", new Uint8Array([1])).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "SNAPSHOT_STORE_DENIED", parts: { exit: 4 } });
  expect(JSON.stringify(error)).not.toContain("hidden-secret");
});

test("a bucket that is not there is not made", async () => {
  asUser();
  const store = await openStore(server.place("x", "another-bucket"));
  await expect(store.list()).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND", parts: { exit: 3 } });
});
