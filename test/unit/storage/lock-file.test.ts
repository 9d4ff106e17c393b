import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LockFile } from "../../../src/core/storage/lock-file.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import { temporaryFolder } from "./support.ts";

/** The id of a process that has ended. */
function deadPid(): number {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  return pid;
}

async function acquireOver(content: string) {
  const directory = await temporaryFolder();
  await writeFile(join(directory, "lock"), content);
  const reports: StorageReport[] = [];
  const lock = await LockFile.acquire(directory, (report) => reports.push(report));
  return { directory, lock, reports };
}

test("names its holder and leaves nothing behind", async () => {
  const directory = await temporaryFolder();
  const lock = await LockFile.acquire(directory, () => undefined);
  expect(await readdir(directory)).toEqual(["lock"]);
  expect(await readFile(join(directory, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} \\S+\n$`));
  await lock.release();
  expect(await readdir(directory)).toEqual([]);
});

test("a live holder keeps it, and the refusal names it", async () => {
  const directory = await temporaryFolder();
  await LockFile.acquire(directory, () => undefined);
  const refused = { code: "STORAGE_LOCKED", message: expect.stringContaining(`process ${process.pid}`) };
  await expect(LockFile.acquire(directory, () => undefined)).rejects.toMatchObject(refused);
});

test.each([
  { content: () => `${deadPid()} 12345\n`, why: "a dead process" },
  { content: () => `${deadPid()} -\n`, why: "a dead process, on a system that tells no start time" },
  { content: () => "", why: "an empty file, as a full disk leaves it" },
])("a stale lock is taken over: $why", async ({ content }) => {
  const { directory, reports } = await acquireOver(content());
  expect(reports).toMatchObject([{ kind: "stale-lock-removed" }]);
  expect(await readFile(join(directory, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
});

test.runIf(process.platform === "linux")("a recycled process id does not keep it", async () => {
  const { reports } = await acquireOver(`${process.pid} 1\n`);
  expect(reports).toMatchObject([{ kind: "stale-lock-removed", pid: process.pid }]);
});

test.runIf(process.platform === "linux")(
  "a killed holder that nobody has reaped does not keep it",
  async () => {
    // The shell becomes a program that asks for no child's end; its child ends once told to, and stays a zombie.
    const parent = spawn("sh", ["-c", "exec 3<&0; (read line <&3) & echo $!; exec sleep 300"]);
    try {
      const [line] = await once(parent.stdout, "data");
      const pid = Number.parseInt(String(line), 10);
      await expect.poll(async () => await readFile(`/proc/${parent.pid}/comm`, "utf8")).toBe("sleep\n");
      parent.stdin.write("end\n");
      await expect.poll(async () => await readFile(`/proc/${pid}/stat`, "utf8")).toMatch(/\) Z /);
      const { reports } = await acquireOver(`${pid} -\n`);
      expect(reports).toMatchObject([{ kind: "stale-lock-removed", pid }]);
    } finally {
      parent.kill("SIGKILL");
    }
  },
);

test("of many at once one gets it", async () => {
  const directory = await temporaryFolder();
  const attempts = Array.from({ length: 8 }, () => LockFile.acquire(directory, () => undefined));
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
