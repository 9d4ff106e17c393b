// The schedule under a clock of the test's own.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { type ExportReport, SnapshotSchedule } from "../../../src/core/coordinator/snapshot-schedule.ts";
import { readCatalog } from "../../../src/core/export/catalog.ts";
import { exportSnapshot } from "../../../src/core/export/export-snapshot.ts";
import { captured, inspect, MemoryStore } from "../export/samples.ts";

const EVERY_MS = 60_000;

class World {
  readonly store = new MemoryStore();
  readonly reports: ExportReport[] = [];
  leads = true;
  entries = 5;
  nowMs = 1_000_000;
  #look: () => void = () => undefined;
  readonly schedule = new SnapshotSchedule({
    ...{ store: this.store, clusterId: "id-1", everyMs: EVERY_MS, keep: 2 },
    leads: () => this.leads,
    stateHash: () => captured(this.entries).manifest.stateHash,
    capture: async () => captured(this.entries, { atMs: this.nowMs }),
    now: () => this.nowMs,
    timers: {
      every: (_, action) => {
        this.#look = action;
        return () => undefined;
      },
      after: () => () => undefined,
    },
    random: new SeededPrng(1),
    inspect,
    onReport: (report) => this.reports.push(report),
  });

  /** Lets time pass, a second a look, until each look's work is done. */
  async pass(ms: number): Promise<void> {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 1_000) {
      this.#look();
      await this.#settled();
    }
  }

  async #settled(): Promise<void> {
    const before = this.reports.length;
    const status = () => this.schedule.isBusy;
    await expect.poll(status, { interval: 1 }).toBe(false);
    expect(this.reports.length).toBeGreaterThanOrEqual(before);
  }

  async indexes(): Promise<number[]> {
    return (await readCatalog(this.store)).map(({ index }) => index);
  }
}

test("a leader exports at once, then every interval if anything changed, and keeps so many", async () => {
  const world = new World();
  await world.pass(2_000);
  expect(await world.indexes()).toEqual([5]);
  await world.pass(2 * EVERY_MS);
  expect(await world.indexes(), "nothing has changed").toEqual([5]);
  expect(world.schedule.status()).toMatchObject({ index: 5, error: "", overdue: false });
  for (const entries of [6, 7]) {
    world.entries = entries;
    await world.pass(1.2 * EVERY_MS);
  }
  expect(await world.indexes()).toEqual([7, 6]);
});

test("who does not lead exports nothing, and says nothing", async () => {
  const world = new World();
  world.leads = false;
  await world.pass(2 * EVERY_MS);
  expect([await world.indexes(), world.schedule.status()]).toEqual([[], undefined]);
});

test("a new leader goes on from what the one before exported", async () => {
  const world = new World();
  await exportSnapshot(world.store, captured(4, { atMs: world.nowMs - EVERY_MS / 2 }), inspect);
  await world.pass(2_000);
  expect(await world.indexes()).toEqual([4]);
  expect(present(world.schedule.status(), "it leads").ageMs).toBeGreaterThanOrEqual(EVERY_MS / 2);
  await world.pass(EVERY_MS);
  expect(await world.indexes()).toEqual([5, 4]);
});

test("a clock that was ahead holds nothing up", async () => {
  const world = new World();
  await exportSnapshot(world.store, captured(4, { atMs: world.nowMs + 100 * EVERY_MS }), inspect);
  await world.pass(2_000);
  expect(await world.indexes()).toEqual([5, 4]);
});

test("a failure shows, is tried again with a growing delay, and is forgotten with the next success", async () => {
  const world = new World();
  world.store.before = () => {
    throw new Error("503");
  };
  await world.pass(40_000);
  const delays = world.reports.map((report) => (report.kind === "failed" ? report.retryMs : 0));
  expect(delays).toEqual([5_000, 10_000, 20_000, 40_000]);
  expect(world.schedule.status()).toMatchObject({ error: "503", index: 0 });
  await world.pass(4 * EVERY_MS);
  expect(world.schedule.status()).toMatchObject({ overdue: true });
  world.store.before = () => undefined;
  await world.pass(EVERY_MS + 1_000);
  expect(world.schedule.status()).toMatchObject({ error: "", overdue: false, index: 5 });
});

test("one that can't be deleted is told of until it can, keeps no other, and is no failed export", async () => {
  const world = new World();
  const mine = await exportSnapshot(world.store, captured(4, { atMs: 1 }), inspect);
  world.store.before = (operation, key) => {
    if (operation === "delete" && key.startsWith(mine)) throw new Error("EACCES");
  };
  for (const entries of [5, 6, 7]) {
    world.entries = entries;
    await world.pass(1.2 * EVERY_MS);
  }
  expect(await world.indexes()).toEqual([7, 6, 4]);
  const undeleted = { undeleted: 1, undeletedError: "EACCES" };
  expect(world.schedule.status()).toMatchObject({ error: "", index: 7, ...undeleted });
  expect(world.reports).toContainEqual({ kind: "undeleted", name: mine, error: "EACCES" });
  expect(world.reports.filter(({ kind }) => kind === "failed")).toEqual([]);
  world.store.before = () => undefined;
  world.entries = 8;
  await world.pass(1.2 * EVERY_MS);
  expect(await world.indexes()).toEqual([8, 7]);
  expect(world.schedule.status()).toMatchObject({ undeleted: 0, undeletedError: "" });
});
