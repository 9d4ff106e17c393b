// A bucket's server that takes requests and answers none, or not to the end: each request times out, is logged and
// retried. Nothing else is written to the console, where it would stand between the lines of a log.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { parseS3Place } from "../../src/core/export/place.ts";
import { S3SnapshotStore } from "../../src/core/export/s3-store.ts";
import { untilAborted } from "../../src/core/export/until-aborted.ts";
import { S3_USER, S3Server } from "./s3-server.ts";

const KEY = "20260101T000000000Z-1/state";
const PATIENT = { connectMs: 5_000, idleMs: 60_000, requestMs: 60_000 };
let server: S3Server;

beforeAll(async () => {
  server = await S3Server.open();
});
afterAll(() => server.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(S3_USER)) vi.stubEnv(name, value);
  for (const method of ["log", "warn", "error"] as const) vi.spyOn(console, method);
});
afterEach(() => {
  server.fail("none", 0);
  for (const method of ["log", "warn", "error"] as const) expect(console[method]).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function open(prefix: string, patience: Partial<typeof PATIENT> = {}): Promise<S3SnapshotStore> {
  const place = server.place(prefix);
  return S3SnapshotStore.open(place, parseS3Place(place), { ...PATIENT, ...patience });
}

test.each([{ idleMs: 300 }, { requestMs: 300 }])(
  "one request that is swallowed is tried again: %o",
  async (patience) => {
    const store = await open("swallowed", patience);
    server.fail("swallow", 1);
    await store.put(KEY, Buffer.from("kept"));
    expect(await store.get(KEY)).toEqual(new Uint8Array(Buffer.from("kept")));
  },
);

test.each([
  { fault: "swallow", patience: { requestMs: 200 }, why: "no answer" },
  { fault: "swallow", patience: { idleMs: 200 }, why: "silence" },
  { fault: "stall", patience: { idleMs: 200 }, why: "an answer that stops" },
] as const)("$why for good is a failure", async ({ fault, patience }) => {
  const store = await open("silent", patience);
  server.fail(fault, 1_000);
  await expect(store.get(KEY)).rejects.toMatchObject({
    code: "SNAPSHOT_STORE_FAILED",
    parts: { why: expect.stringContaining("TimeoutError") },
  });
});

test.each(["swallow", "stall"] as const)("who may not wait does not: %s", async (fault) => {
  const store = await open("waited", {});
  server.fail(fault, 1_000);
  const stop = new AbortController();
  const why = new Error("no longer");
  setTimeout(() => stop.abort(why), 200);
  await expect(untilAborted(store, stop.signal, (limited) => limited.get(KEY))).rejects.toBe(why);
  await expect(store.get(KEY, stop.signal)).rejects.toMatchObject({ code: "SNAPSHOT_STORE_FAILED" });
  const late = new AbortController();
  setTimeout(() => late.abort(why), 200);
  await expect(store.get(KEY, late.signal), "the request itself ends").rejects.toMatchObject({
    code: "SNAPSHOT_STORE_FAILED",
  });
});

test("advice of the SDK's, as of two kinds of credentials, is not written between the lines of a log", async () => {
  vi.stubEnv("AWS_PROFILE", "nobody");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  const store = await open("advised");
  await expect(store.list()).rejects.toMatchObject({ code: "SNAPSHOT_STORE_DENIED" });
});
