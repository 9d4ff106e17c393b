// The real storage on a virtual disk. A process is killed at each of its waits, the next one continues, and then the
// power is cut. What was acknowledged by either is there.

import { expect, test } from "vitest";
import { FLEET_GROUP, nodeId } from "../../../src/core/base/ids.ts";
import { Chance } from "../../../src/core/sim/chance.ts";
import { VirtualDisk } from "../../../src/core/sim/virtual-disk.ts";
import { VirtualFiles } from "../../../src/core/sim/virtual-files.ts";
import { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { entry, hardState, ownSnapshot, request } from "../storage/support.ts";

const identity = { clusterId: "c-test", nodeId: nodeId(1) };

/** A process's storage; it is killed at its wait number `waits`, and from then on nothing of it happens. */
function open(disk: VirtualDisk, chance: Chance, life: number, waits: number): Promise<DiskStorage> {
  let left = waits;
  const pass = () => {
    left -= 1;
    return left < 0 ? new Promise<never>(() => undefined) : Promise.resolve();
  };
  const ignore = () => undefined;
  const files = new VirtualFiles({
    disk,
    chance,
    delayMs: () => 0,
    pass,
    onUse: ignore,
    onWrite: () => ignore,
  });
  const clock = { now: () => 0, endOfPass: pass, sleep: pass };
  const processes = { own: async () => `1 ${life}`, isAlive: async (named: string) => named === `1 ${life}` };
  return DiskStorage.open({
    ...{ directory: "/data", identity, segmentBytes: 1024 },
    world: { files, clock, processes },
  });
}

/** Writes `count` entries, and a snapshot now and then; `told` hears of each entry that is acknowledged. */
async function work(storage: DiskStorage, count: number, told: (index: number) => void): Promise<void> {
  const from = storage.reader(FLEET_GROUP).lastIndex() + 1;
  for (let index = from; index < from + count; index += 1) {
    const commit = hardState(1, 1, index);
    await storage.write(request({ entries: [entry(index, 1, "x".repeat(200))], hardState: commit }));
    told(index);
    if (index % 5 === 0) {
      await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(index));
      storage.compact(FLEET_GROUP, storage.reader(FLEET_GROUP).lastIndex());
    }
  }
}

async function settle(): Promise<void> {
  for (let hop = 0; hop < 3_000; hop += 1) await null;
}

test("killed at any wait, then cut off from power: what was acknowledged is there", async () => {
  for (let waits = 0; waits <= 110; waits += 1) {
    for (let seed = 1; seed <= 4; seed += 1) {
      const chance = new Chance(1_000 * seed + waits);
      const disk = new VirtualDisk(chance);
      let acknowledged = 0;
      const told = (index: number) => {
        acknowledged = index;
      };
      void open(disk, chance, 1, waits).then((storage) => work(storage, 12, told));
      await settle();
      const second = await open(disk, chance, 2, Number.POSITIVE_INFINITY);
      expect(second.reader(FLEET_GROUP).lastIndex()).toBeGreaterThanOrEqual(acknowledged);
      await work(second, 1, told);
      disk.cutPower();
      const third = await open(disk, chance, 3, Number.POSITIVE_INFINITY);
      expect(third.reader(FLEET_GROUP).lastIndex(), `wait ${waits}, seed ${seed}`).toBe(acknowledged);
    }
  }
});
