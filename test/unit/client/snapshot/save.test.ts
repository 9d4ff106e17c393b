// Saving by hand: the time that is given is for the fleet and the store together.

import { expect, test, vi } from "vitest";
import { saveSnapshot } from "../../../../src/client/snapshot/save.ts";
import { readCatalog } from "../../../../src/core/export/catalog.ts";
import { captured, MemoryStore } from "../../export/samples.ts";
import { fakeTimeHere } from "../../fake-time.ts";

const client = { saveSnapshot: async () => captured(5) };

test("a store that never answers is given up in time, and gets nothing more", async () => {
  const store = new MemoryStore();
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked: string[] = [];
  store.before = (operation) => asked.push(operation);
  store.answers = () => promise;
  fakeTimeHere();
  const saved = expect(saveSnapshot(client, store, 50)).rejects.toMatchObject({
    code: "SNAPSHOT_STORE_TIMED_OUT",
    parts: { exit: 6, what: "memory did not finish within 0.05 s" },
  });
  await vi.advanceTimersByTimeAsync(50);
  await saved;
  resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked, "its bytes arrive late, and are neither read back nor given a manifest").toEqual(["put"]);
  store.answers = () => Promise.resolve();
  expect(await readCatalog(store)).toMatchObject([{ manifest: null }]);
});

test("what is in time is saved", async () => {
  const store = new MemoryStore();
  const { name } = await saveSnapshot(client, store, 60_000);
  expect(await readCatalog(store)).toMatchObject([{ name, problem: null }]);
});
