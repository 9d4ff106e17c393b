// The same with real processes: they outlive nothing here, each test ends what it started.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { formatPidFile } from "../../../../src/client/processes/pid-file.ts";
import { isAlive } from "../../../../src/client/processes/processes.ts";
import { inspectProcess, startProcess, stopProcess } from "../../../../src/client/processes/supervisor.ts";
import { SystemProcesses } from "../../../../src/client/processes/system-processes.ts";
import { parseStat, startTimeFromProc, startTimeFromPs } from "../../../../src/core/base/process-start.ts";
import { systemWaitClock, waitUntil } from "../../../../src/core/base/wait-clock.ts";
import { lacks } from "../../../lacks.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

async function startScript(script: string, ...args: readonly string[]) {
  const folder = await temporaryFolder();
  const processes = await SystemProcesses.open();
  const deps = { processes, clock: systemWaitClock };
  const [pidFile, logFile] = [join(folder, "pid"), join(folder, "log")];
  onTestFinished(async () => {
    await stopProcess(pidFile, 0, deps);
  });
  const environment = { GIVEN_TO_IT: "as planned" };
  const launch = {
    command: process.execPath,
    args: ["-e", script, ...args],
    environment,
    cwd: folder,
    logFile,
  };
  const identity = await startProcess(pidFile, launch, processes);
  const logged = async (text: string) => (await readFile(logFile, "utf8")).includes(text);
  return { pidFile, deps, identity, logged };
}

const IDLE = "console.log('up'); setInterval(() => {}, 1000)";

test("a process runs in the background, logs to its file, and ends on SIGTERM", async () => {
  const { pidFile, deps, identity, logged } = await startScript(IDLE);
  expect(await waitUntil(() => logged("up"), systemWaitClock, 50_000)).toBe(true);
  expect(await inspectProcess(pidFile, deps.processes)).toEqual({ kind: "running", identity });
  expect(await stopProcess(pidFile, 50_000, deps)).toBe("stopped");
  expect(await isAlive(identity, deps.processes)).toBe(false);
});

test("a paused process that ignores SIGTERM is killed", async () => {
  const { pidFile, deps, identity, logged } = await startScript(`process.on('SIGTERM', () => {}); ${IDLE}`);
  expect(await waitUntil(() => logged("up"), systemWaitClock, 50_000)).toBe(true);
  deps.processes.signal(identity.pid, "SIGSTOP");
  expect(await stopProcess(pidFile, 50, deps)).toBe("killed");
  expect(await isAlive(identity, deps.processes)).toBe(false);
});

test.skipIf(lacks("Linux", process.platform === "linux"))(
  "a process that nobody recorded is known by its folder, others there are not taken for it",
  async () => {
    const other = await startScript(IDLE);
    await rm(other.pidFile);
    expect(await inspectProcess(other.pidFile, other.deps.processes)).toEqual({ kind: "stopped" });
    await writeFile(other.pidFile, formatPidFile(other.identity));

    const { pidFile, deps, identity } = await startScript(IDLE, "serve");
    await rm(pidFile);
    expect(await inspectProcess(pidFile, deps.processes)).toEqual({ kind: "running", identity });
    expect(await stopProcess(pidFile, 50_000, deps)).toBe("stopped");
    expect(await inspectProcess(pidFile, deps.processes)).toEqual({ kind: "stopped" });
  },
);

test("a process that exits at once is seen as gone", async () => {
  const { pidFile, deps, identity } = await startScript("process.exit(1)");
  expect(
    await waitUntil(async () => !(await isAlive(identity, deps.processes)), systemWaitClock, 50_000),
  ).toBe(true);
  expect(await inspectProcess(pidFile, deps.processes)).toEqual({ kind: "stale-pid", pid: identity.pid });
});

test("it has the environment of its plan, beside this process's", async () => {
  const { logged } = await startScript(
    "console.log(process.env.GIVEN_TO_IT, process.env.PATH !== undefined)",
  );
  await waitUntil(() => logged("as planned true"), systemWaitClock, 50_000);
});

test("a command that does not exist is an error, not a silent pid file", async () => {
  const folder = await temporaryFolder();
  const processes = await SystemProcesses.open();
  const place = { cwd: folder, logFile: join(folder, "log") };
  const launch = { command: join(folder, "absent"), args: [], environment: {}, ...place };
  await expect(processes.spawn(launch)).rejects.toThrow("ENOENT");
});

test("a signal to a process that is gone says so", async () => {
  const { deps, identity } = await startScript("process.exit(0)");
  await waitUntil(async () => !(await isAlive(identity, deps.processes)), systemWaitClock, 50_000);
  expect(deps.processes.signal(identity.pid, "SIGTERM")).toBe(false);
});

test.each([
  { line: `7 (node) S ${"0 ".repeat(18)}1234 0`, startTime: "1234", why: "field 22 of proc(5)" },
  {
    line: `7 (a) b (c) R ${"0 ".repeat(18)}99 0`,
    startTime: "99",
    why: "a command may hold parentheses and spaces",
  },
  { line: `7 (node) Z ${"0 ".repeat(18)}1234 0`, startTime: null, why: "a zombie does not run" },
  {
    line: `7 (node) Z ${"0 ".repeat(16)}3 0 1234 0`,
    startTime: "1234",
    why: "of a killed process three threads are still to go",
  },
  { line: "7 (node)", startTime: null, why: "a cut line says nothing" },
])("start time $startTime: $why", ({ line, startTime }) => {
  expect(parseStat(line)).toBe(startTime);
});

test.each([
  { read: startTimeFromProc, from: "/proc" },
  { read: startTimeFromPs, from: "ps" },
])(
  "a start time from $from is the same each time, and none for a pid that is free",
  async ({ read, from }) => {
    const first = await read(process.pid);
    // Each source exists on some systems only.
    if (first === null) return expect(process.platform === "linux" && from === "/proc").toBe(false);
    expect(await read(process.pid)).toBe(first);
    expect(await read(2 ** 22 + 1)).toBeNull();
  },
);
