// One background process by its pid file. The rule under test: only the very process it names is signalled.

import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import {
  inspectProcess,
  killProcess,
  signalProcess,
  startProcess,
  stopProcess,
} from "../../../../src/client/processes/supervisor.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { TestClock } from "../../test-clock.ts";
import { FakeProcesses, failureOf } from "../local/fakes.ts";

const LAUNCH = { command: "node", args: [], environment: {}, cwd: "/f/n1", logFile: "/f/n1/log" };

describe("a process by its pid file", () => {
  let pidFile: string;
  let processes: FakeProcesses;
  beforeEach(async () => {
    pidFile = join(await temporaryFolder(), "pid");
    processes = new FakeProcesses();
  });
  const deps = (ignoring: FakeProcesses = processes) => ({
    processes: ignoring,
    clock: TestClock.movedBySleep(),
  });
  const start = (on: FakeProcesses = processes) => startProcess(pidFile, LAUNCH, on);

  test("without a pid file it is stopped", async () => {
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "stopped" });
  });

  test("it runs once started, until it is stopped", async () => {
    const identity = await start();
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "running", identity });
    expect(await stopProcess(pidFile, 1_000, deps())).toBe("stopped");
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "stopped" });
    // A paused process would not end: SIGCONT lets it handle SIGTERM.
    expect(processes.signals).toEqual([`SIGTERM ${identity.pid}`, `SIGCONT ${identity.pid}`]);
  });

  test("a process that got the pid later is neither taken for it nor signalled", async () => {
    const { pid } = await start();
    processes.put(pid, "another start");
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "stale-pid", pid });
    expect(await stopProcess(pidFile, 1_000, deps())).toBe("was-not-running");
    await writeFile(pidFile, JSON.stringify({ pid, startTime: `start of ${pid}` }));
    expect(await killProcess(pidFile, deps())).toBe(false);
    expect(await signalProcess(pidFile, "SIGSTOP", processes)).toBeNull();
    expect(processes.signals).toEqual([]);
    expect(await processes.identify(pid)).not.toBeNull();
  });

  test("one whose start was killed before it was recorded runs all the same, and is stopped", async () => {
    const identity = processes.put(5_000, "start of 5000");
    processes.serving.set(dirname(pidFile), 5_000);
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "running", identity });
    expect(await stopProcess(pidFile, 1_000, deps())).toBe("stopped");
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "stopped" });
  });

  test("one that ignores SIGTERM is killed after its grace", async () => {
    const stubborn = new FakeProcesses(["SIGTERM"]);
    const { pid } = await start(stubborn);
    expect(await stopProcess(pidFile, 1_000, deps(stubborn))).toBe("killed");
    expect(stubborn.signals.at(-1)).toBe(`SIGKILL ${pid}`);
  });

  test("one that even SIGKILL does not end is reported, and its pid file stays", async () => {
    const stuck = new FakeProcesses(["SIGTERM", "SIGKILL"]);
    await start(stuck);
    expect(await failureOf(stopProcess(pidFile, 1_000, deps(stuck)))).toMatchObject({ code: "STOP_FAILED" });
    expect((await stat(pidFile)).isFile()).toBe(true);
  });

  test.each([
    { text: "", why: "cut off by a full disk" },
    { text: "4711\n", why: "written by another program" },
    { text: '{"pid":-1,"startTime":"x"}', why: "a negative pid would signal every process" },
    { text: '{"pid":1,"startTime":"x"}', why: "pid 1 is never ours" },
    { text: '{"pid":4711}', why: "a pid alone names nobody" },
  ])("a pid file that is $why names nobody", async ({ text }) => {
    await writeFile(pidFile, text);
    expect(await inspectProcess(pidFile, processes)).toEqual({ kind: "stale-pid", pid: null });
    expect(await killProcess(pidFile, deps())).toBe(false);
    expect(processes.signals).toEqual([]);
  });

  test("a start replaces a stale pid file", async () => {
    await writeFile(pidFile, "{}");
    const { pid } = await start();
    expect(JSON.parse(await readFile(pidFile, "utf8"))).toEqual({ pid, startTime: `start of ${pid}` });
  });
});
