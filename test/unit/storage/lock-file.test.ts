import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startTimeFromProc } from "../../../src/core/base/process-start.ts";
import { crc32c } from "../../../src/core/storage/crc32c.ts";
import { LockFile } from "../../../src/core/storage/lock-file.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import { lacks } from "../../lacks.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const NOBODY = 65534;

const { href: LOCK_FILE } = new URL("../../../src/core/storage/lock-file.ts", import.meta.url);
const IMPORT = `const { LockFile } = await import(${JSON.stringify(LOCK_FILE)});`;

/** Runs `script` as a user to whom /proc shows only its own processes. */
function runHidden(script: string) {
  const hide =
    'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid "$0" --regid "$0" --clear-groups "$@"';
  const program = [process.execPath, "--input-type=module", "--eval", script];
  return spawnSync("unshare", ["--mount", "sh", "-c", hide, String(NOBODY), ...program], {
    encoding: "utf8",
  });
}

/** Root may in most places, unless the sources or Node lie where only root looks. */
const isElsewhere = lacks("Linux", process.platform === "linux");

function canHide(): boolean {
  return process.platform === "linux" && runHidden(IMPORT).status === 0;
}

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

test.skipIf(isElsewhere)("a recycled process id does not keep it", async () => {
  const { reports } = await acquireOver(`${process.pid} 1\n`);
  expect(reports).toMatchObject([{ kind: "stale-lock-removed", pid: process.pid }]);
});

test.skipIf(isElsewhere)("a killed holder that nobody has reaped does not keep it", async () => {
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
});

// Needs a mount and another user, hence root: as under hidepid or systemd's ProtectProc, /proc does not show this process.
test.skipIf(lacks("the right to hide processes", canHide())).each([
  { boot: "this", outcome: "STORAGE_LOCKED", why: "another user's process keeps it though it is hidden" },
  { boot: "another", outcome: "acquired", why: "a holder from before a reboot does not, whoever has its id" },
])("$why", async ({ boot, outcome }) => {
  const directory = await temporaryFolder();
  const start = await startTimeFromProc(process.pid);
  await writeFile(join(directory, "lock"), `${process.pid} ${boot === "this" ? start : `1@${boot}`}\n`);
  await chown(directory, NOBODY, NOBODY);
  const { stdout, stderr } = runHidden(`${IMPORT}
    await LockFile.acquire(${JSON.stringify(directory)}, () => undefined)
      .then(() => console.log("acquired"), (error) => console.log(error.code));`);
  expect({ said: stdout.trim(), stderr }).toEqual({ said: outcome, stderr: "" });
});

test("guards of starters that were killed one after another do not keep it", async () => {
  const directory = await temporaryFolder();
  const killed = deadPid();
  let path = join(directory, "lock");
  for (let start = 1; start <= 8; start += 1) {
    const holder = `${killed} ${start}\n`;
    await writeFile(path, holder);
    path = `${path}-after-${crc32c(new TextEncoder().encode(holder)).toString(16)}.tmp`;
  }
  await LockFile.acquire(directory, () => undefined);
  expect(await readdir(directory)).toEqual(["lock"]);
});

test("of many at once one gets it", async () => {
  const directory = await temporaryFolder();
  const attempts = Array.from({ length: 8 }, () => LockFile.acquire(directory, () => undefined));
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
