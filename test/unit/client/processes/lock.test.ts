// One holder at a time, and a dead holder holds nothing.

import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { withLock } from "../../../../src/client/processes/lock.ts";
import { systemWaitClock } from "../../../../src/core/base/wait-clock.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { TestClock } from "../../test-clock.ts";
import { FakeProcesses, failureOf } from "../local/fakes.ts";

let path: string;
let processes: FakeProcesses;
beforeEach(async () => {
  path = join(await temporaryFolder(), "lock");
  processes = new FakeProcesses();
});
const deps = () => ({ processes, clock: TestClock.movedBySleep() });

test("bodies never overlap, and nothing is left afterwards", async () => {
  let inside = 0;
  let most = 0;
  const body = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(
    Array.from({ length: 4 }, () => withLock(path, { processes, clock: systemWaitClock }, body)),
  );
  expect(most).toBe(1);
  expect(await readdir(dirname(path))).toEqual([]);
});

test("a lock is let go when its body fails", async () => {
  await expect(withLock(path, deps(), () => Promise.reject(new Error("body")))).rejects.toThrow("body");
  expect(await withLock(path, deps(), async () => "free")).toBe("free");
});

test.each([
  { text: '{"pid":7,"startTime":"long ago"}', why: "of a process that is gone" },
  { text: '{"pid":8,"startTime":"before"}', why: "of a process whose pid another one has" },
  { text: "", why: "that names nobody" },
])("a lock $why is taken over", async ({ text }) => {
  processes.put(8, "now");
  await writeFile(path, text);
  expect(await withLock(path, deps(), async () => "taken")).toBe("taken");
  expect(await readdir(dirname(path))).toEqual([]);
});

test("a lock that another process keeps is waited for, then reported with its holder", async () => {
  processes.put(8, "now");
  await writeFile(path, '{"pid":8,"startTime":"now"}');
  expect(await failureOf(withLock(path, deps(), async () => "taken"))).toMatchObject({
    code: "FLEET_BUSY",
    what: "process 8 is changing this fleet",
  });
  expect(await readdir(dirname(path))).toEqual(["lock"]);
});
