// The schedule under a clock of the test's own.

import { expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import {
  type ExportReport,
  SnapshotSchedule,
} from "../../../../src/core/coordinator/exports/snapshot-schedule.ts";
import { readCatalog } from "../../../../src/core/export/catalog.ts";
import { exportSnapshot } from "../../../../src/core/export/export-snapshot.ts";
import type { ManifestSigning } from "../../../../src/core/export/manifest-signature.ts";
import { manifestKey, stateKey } from "../../../../src/core/export/snapshot-name.ts";
import { newKeyText, type OperatorKeys, parseOperatorKeys } from "../../../../src/core/seal/operator-keys.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { captured, inspect, MemoryStore } from "../../export/samples.ts";

const EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;

class World {
  readonly store = new MemoryStore();
  readonly reports: ExportReport[] = [];
  readonly errors = new InternalErrors("coordinator n1", silentLog);
  leads = true;
  entries = 5;
  nowMs = 1_000_000;
  /** By how much the wall clock was set. */
  wallOffsetMs = 0;
  /** For how long an export waits. */
  capturing: Promise<void> = Promise.resolve();
  /** What the leader encrypts with; null = nothing. */
  keys: OperatorKeys | null = null;
  lastIndex = 1_000;
  /** What the other groups have applied. */
  groups = "";
  /** By which this cluster's replicas sign. */
  signing: ManifestSigning | null = null;
  #look: () => void = () => undefined;
  readonly #alarms = new Set<{ readonly atMs: number; readonly action: () => void }>();
  readonly schedule = new SnapshotSchedule({
    ...{ store: this.store, clusterId: "id-1", everyMs: EVERY_MS, keep: 2 },
    leads: () => this.leads,
    stateHash: () => captured(this.entries).manifest.stateHash,
    groupsApplied: () => this.groups,
    lastIndex: () => this.lastIndex,
    signing: this.signing,
    capture: async () => {
      await this.capturing;
      return captured(this.entries, { atMs: this.nowMs });
    },
    clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs + this.wallOffsetMs },
    timers: {
      every: (_, action) => {
        this.#look = action;
        return () => undefined;
      },
      after: (ms, action) => {
        const alarm = { atMs: this.nowMs + ms, action };
        this.#alarms.add(alarm);
        return () => this.#alarms.delete(alarm);
      },
    },
    random: new SeededPrng(1),
    inspect,
    keys: async () => this.keys,
    onReport: (report) => this.reports.push(report),
    errors: this.errors,
  });

  /** Lets time pass, a second a look, until each look's work is done. */
  async pass(ms: number): Promise<void> {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 1_000) {
      this.#look();
      await this.#settled();
    }
  }

  /** As `pass`, but what hangs continues to hang. */
  async passHanging(ms: number): Promise<void> {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 1_000) {
      this.#look();
      for (const alarm of this.#alarms) {
        if (alarm.atMs > this.nowMs) continue;
        this.#alarms.delete(alarm);
        alarm.action();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  kinds(): string[] {
    return this.reports.map(({ kind }) => kind);
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

test("what another group has applied since is exported too, although the fleet's own state is the same", async () => {
  const world = new World();
  world.groups = "2@7";
  await world.pass(2 * EVERY_MS);
  const first = await readCatalog(world.store);
  expect(first, "nothing has changed").toHaveLength(1);
  world.groups = "2@8";
  await world.pass(1.2 * EVERY_MS);
  const [newest] = await readCatalog(world.store);
  expect(newest?.name).not.toBe(first[0]?.name);
});

test("what a new leader found in the store does not count as up to date while it exports", async () => {
  const world = new World();
  await exportSnapshot(world.store, captured(4, { atMs: world.nowMs - 9 * EVERY_MS }), inspect);
  const done = Promise.withResolvers<void>();
  world.capturing = done.promise;
  await world.passHanging(5_000);
  const exporting = present(world.schedule.status(), "it leads");
  expect(exporting).toMatchObject({ index: 4, overdue: false });
  expect(exporting.ageMs).toBeGreaterThanOrEqual(9 * EVERY_MS);
  done.resolve();
  await world.pass(1_000);
  expect(world.schedule.status()).toMatchObject({ index: 5 });
  expect(world.schedule.status()?.ageMs).toBeLessThan(EVERY_MS);
});

test("a leader with a key takes no plain snapshot for an export of this state, new as it may say it is", async () => {
  const world = new World();
  world.keys = parseOperatorKeys(newKeyText(), "a test");
  await exportSnapshot(world.store, captured(5, { atMs: world.nowMs - 1_000 }), inspect);
  await world.pass(2_000);
  const own = (await readCatalog(world.store)).filter(({ manifest }) => manifest?.encryption !== undefined);
  expect(own.map(({ index }) => index)).toEqual([5]);
});

test("a clock that was ahead holds nothing up", async () => {
  const world = new World();
  await exportSnapshot(world.store, captured(4, { atMs: world.nowMs + 100 * EVERY_MS }), inspect);
  await world.pass(2_000);
  expect(await world.indexes()).toEqual([5, 4]);
});

test.each([{ by: -3_600_000 }, { by: 3_600_000 }])(
  "exports go on at their pace, and their age stays true, with the wall clock set by $by ms",
  async ({ by }) => {
    const world = new World();
    await world.pass(2_000);
    expect(await world.indexes()).toEqual([5]);
    world.wallOffsetMs = by;
    world.entries = 6;
    await world.pass(EVERY_MS / 2);
    const { ageMs, overdue } = present(world.schedule.status(), "it leads");
    expect([ageMs >= EVERY_MS / 2, ageMs <= EVERY_MS, overdue]).toEqual([true, true, false]);
    expect(await world.indexes()).toEqual([5]);
    await world.pass(EVERY_MS);
    expect(await world.indexes()).toContain(6);
  },
);

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

test("a store that does not answer is a failure after five minutes, and asked again", async () => {
  const world = new World();
  await world.pass(2_000);
  world.entries = 6;
  const { promise, resolve } = Promise.withResolvers<void>();
  world.store.answers = () => promise;
  await world.passHanging(EVERY_MS + 290_000);
  expect([world.kinds(), world.schedule.isBusy]).toEqual([["exported"], true]);
  await world.passHanging(20_000);
  expect(world.kinds()).toEqual(["exported", "failed"]);
  expect(world.schedule.status()).toMatchObject({
    ...{ error: "memory did not finish within 300 s", overdue: true, index: 5 },
  });
  world.store.answers = () => Promise.resolve();
  await world.passHanging(320_000);
  await world.pass(EVERY_MS);
  expect(world.schedule.status()).toMatchObject({ error: "", overdue: false, index: 6 });
  resolve();
  await world.pass(2_000);
  expect(await world.indexes(), "what had hung does nothing more").toEqual([6, 5]);
});

test.each([
  { why: "lost", damage: (world: World, name: string) => world.store.objects.delete(stateKey(name)) },
  {
    why: "cut",
    damage: (world: World, name: string) => world.store.objects.set(stateKey(name), new Uint8Array(1)),
  },
])(
  "bytes that were $why are found with the next look, told of once, and exported again",
  async ({ damage }) => {
    const world = new World();
    await world.pass(2_000);
    damage(world, present((await readCatalog(world.store))[0], "it was exported").name);
    await world.pass(3 * EVERY_MS);
    expect(world.kinds()).toEqual(["exported", "damaged", "exported"]);
    expect((await readCatalog(world.store)).map(({ index, problem }) => [index, problem === null])).toEqual([
      [5, true],
      [5, false],
    ]);
    expect(world.schedule.status()).toMatchObject({ error: "", index: 5 });
  },
);

test("bytes that were changed are found within the hour, and exported again", async () => {
  const world = new World();
  await world.pass(2_000);
  const { name } = present((await readCatalog(world.store))[0], "it was exported");
  const { length } = present(world.store.objects.get(stateKey(name)), "it was exported");
  world.store.objects.set(stateKey(name), new Uint8Array(length));
  const read: string[] = [];
  world.store.before = (operation, key) => {
    if (operation === "get" && key === stateKey(name)) read.push(key);
  };
  await world.pass(HOUR_MS - 2 * EVERY_MS);
  expect([world.kinds(), read]).toEqual([["exported"], []]);
  await world.pass(4 * EVERY_MS);
  expect(world.kinds()).toEqual(["exported", "damaged", "exported"]);
  expect(read, "and not read again").toHaveLength(1);
  expect(await world.indexes()).toEqual([5, 5]);
  world.entries = 6;
  await world.pass(1.2 * EVERY_MS);
  expect(await world.indexes(), "of the two to keep the damaged one is none").toEqual([6, 5]);
  expect(world.reports.at(-1)).toEqual({ kind: "deleted", name });
});

test("a new leader reads what the one before exported, once it relies on it", async () => {
  const world = new World();
  const name = await exportSnapshot(world.store, captured(5, { atMs: world.nowMs - 2 * EVERY_MS }), inspect);
  world.store.objects.set(stateKey(name), new Uint8Array(captured(5).bytes.length));
  await world.pass(2_000);
  expect(world.kinds()).toEqual(["damaged", "exported"]);
});

test("when all that was there has vanished it is told, until one is back, while exports go on", async () => {
  const world = new World();
  for (const entries of [5, 6]) {
    world.entries = entries;
    await world.pass(1.2 * EVERY_MS);
  }
  const disk = new Map(world.store.objects);
  world.store.objects.clear();
  await world.pass(1.2 * EVERY_MS);
  expect(world.reports.slice(2)).toMatchObject([{ kind: "vanished", count: 2 }, { kind: "exported" }]);
  expect(world.schedule.status()).toMatchObject({ vanished: 2, index: 6, error: "" });
  await world.pass(5 * EVERY_MS);
  expect(world.schedule.status(), "the new ones are not those").toMatchObject({ vanished: 2 });
  world.store.objects.clear();
  await world.pass(1.2 * EVERY_MS);
  expect(world.reports.slice(4)).toMatchObject([{ kind: "vanished", count: 3 }, { kind: "exported" }]);
  world.store.objects.clear();
  for (const [key, bytes] of disk) world.store.objects.set(key, bytes);
  await world.pass(1.2 * EVERY_MS);
  expect(world.reports.slice(6)).toMatchObject([{ kind: "returned", count: 3 }]);
  expect(world.schedule.status()).toMatchObject({ vanished: 0, index: 6 });
});

test("one that is left, and what retention takes, are no loss", async () => {
  const world = new World();
  for (const entries of [5, 6, 7, 8]) {
    world.entries = entries;
    await world.pass(1.2 * EVERY_MS);
  }
  const newest = present((await readCatalog(world.store))[0], "it was exported").name;
  for (const key of [manifestKey(newest), stateKey(newest)]) world.store.objects.delete(key);
  await world.pass(1.2 * EVERY_MS);
  expect(world.kinds()).not.toContain("vanished");
  expect(await world.indexes()).toEqual([8, 7]);
});

test.each([
  {
    thrown: new TypeError("a bug"),
    noted: 1,
    why: "a bug is noted with its stack, and shown like a failure",
  },
  { thrown: new Error("503"), noted: 0, why: "a store that fails is no bug" },
])("$why", async ({ thrown, noted }) => {
  const world = new World();
  world.store.before = () => {
    throw thrown;
  };
  await world.pass(2_000);
  expect(world.schedule.status()).toMatchObject({ error: thrown.message });
  expect(world.errors.count).toBe(noted);
});
