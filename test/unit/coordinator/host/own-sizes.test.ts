// The sizes that a status shows: asked of the disk at most every five seconds, and never waited for.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { MonotonicMs } from "../../../../src/core/base/clock.ts";
import { OwnSizes, type SizesOptions } from "../../../../src/core/coordinator/host/own-sizes.ts";

const ROOM = { freeBytes: 7, totalBytes: 9 };

function sizesWith(differs: Partial<SizesOptions>) {
  const clock = { ms: 0 };
  const failures: string[] = [];
  const sizes = new OwnSizes({
    now: () => clock.ms as MonotonicMs,
    logBytes: () => 1,
    snapshotBytes: async () => 2,
    diskRoom: async () => ROOM,
    process: () => ({ residentBytes: 3, processorMs: 4 }),
    onError: (_error, looking) => failures.push(looking),
    ...differs,
  });
  const later = async (ms: number) => {
    clock.ms += ms;
    sizes.now();
    await nextTurn();
    return sizes.now();
  };
  return { sizes, later, failures };
}

test("the first answer comes before the disk's, and does not claim that the disk is full", async () => {
  const { sizes, later } = sizesWith({});
  const process = { logBytes: 1, residentBytes: 3, processorMs: 4 };
  expect(sizes.now()).toEqual({ ...process, snapshotBytes: 0, diskRoom: undefined });
  expect(await later(0)).toEqual({ ...process, snapshotBytes: 2, diskRoom: ROOM });
});

test.each([
  { everyMs: 1_000, asked: 3, why: "an answer is fresh for five seconds" },
  { everyMs: 5_000, asked: 11, why: "then the disk is asked again" },
])("ten looks, $everyMs ms apart, ask the disk $asked times: $why", async ({ everyMs, asked }) => {
  let questions = 0;
  const { later } = sizesWith({
    diskRoom: async () => {
      questions += 1;
      return ROOM;
    },
  });
  await later(0);
  for (let look = 0; look < 10; look += 1) await later(everyMs);
  expect(questions).toBe(asked);
});

test("a disk that hangs is asked once, and the last answer stays", async () => {
  let questions = 0;
  const { later } = sizesWith({
    diskRoom: () => {
      questions += 1;
      return questions === 1 ? Promise.resolve(ROOM) : new Promise(() => undefined);
    },
  });
  await later(0);
  for (let look = 0; look < 10; look += 1) expect((await later(5_000)).diskRoom).toEqual(ROOM);
  expect(questions).toBe(2);
});

test("each question that fails is reported by its name, and the other is asked", async () => {
  const broken = async () => {
    throw new Error("EIO");
  };
  const snapshot = sizesWith({ snapshotBytes: broken });
  expect((await snapshot.later(0)).diskRoom).toEqual(ROOM);
  expect(snapshot.failures).toEqual(["a look at the newest snapshot"]);
  const disk = sizesWith({ diskRoom: broken });
  expect(await disk.later(0)).toMatchObject({ snapshotBytes: 2, diskRoom: undefined });
  expect(disk.failures).toEqual(["a look at the free space"]);
});
