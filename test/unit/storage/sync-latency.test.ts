import { expect, test } from "vitest";
import { quantile } from "../../../src/core/base/histogram.ts";
import { SyncLatency } from "../../../src/core/storage/sync-latency.ts";

class Disk {
  nowMs = 0;
  readonly syncs = new SyncLatency(() => this.nowMs);

  /** A frame that takes so long. */
  write(ms: number): void {
    this.syncs.begin();
    this.nowMs += ms;
    this.syncs.end();
  }
}

test("a look sees what happened since the last one", () => {
  const disk = new Disk();
  for (let frame = 0; frame < 3; frame += 1) disk.write(300);
  expect(disk.syncs.look().medianMs).toBeGreaterThan(200);
  expect(disk.syncs.look()).toEqual({ medianMs: null, underWayMs: 0 });
  disk.write(1);
  expect(disk.syncs.look().medianMs).toBeLessThan(2);
});

test("a frame that hangs is seen while it does", () => {
  const disk = new Disk();
  disk.syncs.begin();
  disk.nowMs += 4_000;
  expect(disk.syncs.look()).toEqual({ medianMs: null, underWayMs: 4_000 });
  disk.syncs.end();
  expect(disk.syncs.underWayMs).toBe(0);
});

test("the last minute forgets what is older, the total does not", () => {
  const disk = new Disk();
  disk.write(900);
  disk.nowMs += 30_000;
  disk.write(1);
  expect(quantile(disk.syncs.lastMinute(), 0.99)).toBeGreaterThan(700);
  disk.nowMs += 35_000;
  expect(quantile(disk.syncs.lastMinute(), 0.99)).toBeLessThanOrEqual(1);
  disk.nowMs += 60_000;
  expect(disk.syncs.lastMinute().count).toBe(0);
  expect(disk.syncs.total()).toMatchObject({ count: 2, sum: 901 });
});
