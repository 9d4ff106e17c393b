// The start time of the process with a pid, as an opaque text to compare. It distinguishes a process from a later one
// with the same pid. From the kernel's /proc if there is one, otherwise from ps.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { isErrno } from "./system-error.ts";

const run = promisify(execFile);

/** Reads the start time of `pid`; null when no process runs under it. */
export type StartTimeReader = (pid: number) => Promise<string | null>;

/** Picks the reader that works on this machine. */
export async function chooseStartTimeReader(): Promise<StartTimeReader> {
  return (await startTimeFromProc(process.pid)) === null ? startTimeFromPs : startTimeFromProc;
}

/** Clock ticks since boot, with the boot they count from: ticks alone repeat after a reboot. */
export async function startTimeFromProc(pid: number): Promise<string | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  const ticks = stat === null ? null : parseStat(stat);
  if (ticks === null) return null;
  const boot = await readIfThere("/proc/sys/kernel/random/boot_id");
  return `${ticks}@${boot?.trim() ?? "boot"}`;
}

/** Whether another user's process has `pid`, but /proc hides it because it is mounted with hidepid. */
export async function isHidden(pid: number): Promise<boolean> {
  if ((await readIfThere("/proc/self/stat")) === null || (await readIfThere(`/proc/${pid}/stat`)) !== null)
    return false;
  try {
    process.kill(pid, 0);
    // One of our own processes, which /proc shows: it was started since the first read.
    return false;
  } catch (error) {
    return isErrno(error, "EPERM");
  }
}

/** Whole seconds: no kernel gives one pid to two processes within a second. */
export async function startTimeFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    });
    const [state, ...started] = stdout.trim().split(/\s+/);
    return state === undefined || isDead(state) || started.length === 0 ? null : started.join(" ");
  } catch {
    // ps exits 1 when no process has this pid.
    return null;
  }
}

/** The start time in a line of /proc/<pid>/stat; null for a zombie. A command may hold spaces and parentheses. */
export function parseStat(line: string): string | null {
  const fields = line
    .slice(line.lastIndexOf(")") + 1)
    .trim()
    .split(" ");
  // proc(5): after the command come the state in field 3, threads in field 20 and the start time in field 22.
  const [state, threads, startTime] = [fields[0], Number(fields[20 - 3]), fields[22 - 3]];
  if (state === undefined || startTime === undefined) return null;
  // Until the last thread of a killed process is gone, its last write or its port may still be active.
  return isDead(state) && threads <= 1 ? null : startTime;
}

/**
 * Z is a zombie and X is dead. Their pids stay in use until the parent collects them, which may take long, but they do
 * not run.
 */
function isDead(state: string): boolean {
  return state.startsWith("Z") || state.startsWith("X");
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // A process may vanish between any two reads; then it does not run.
    return null;
  }
}
