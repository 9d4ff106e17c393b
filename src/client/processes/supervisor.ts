// One background process by its pid file: whether it runs, starting it, stopping it, signalling it. Only the
// process that the pid file names is ever signalled: a later one with its pid is left alone. If a start is
// killed before it has written that file, only its folder shows the process: it counts too. Callers that
// start or stop hold the fleet's lock. Absent: restarting dead processes, and rotating logs.
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileDurably } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type WaitClock, waitUntil } from "../../core/base/wait-clock.ts";
import { formatPidFile, readPidFile } from "./pid-file.ts";
import { isAlive, type Launch, type Processes, type ProcessIdentity, type Signal } from "./processes.ts";

export type ProcessState =
  | { readonly kind: "running"; readonly identity: ProcessIdentity }
  | { readonly kind: "stopped" }
  /**
   * The pid file names a process that has ended: it crashed, was killed, or the machine went
   * down.
   */
  | { readonly kind: "stale-pid"; readonly pid: number | null };

export interface SupervisorDeps {
  readonly processes: Processes;
  readonly clock: WaitClock;
}

export type Stopped = "stopped" | "killed" | "was-not-running";

// SIGKILL takes effect when the kernel next schedules the process; a hanging disk can delay that.
const KILL_LIMIT_MS = 5_000;

/** The state of the process whose pid file is `pidFile`, in its working folder. */
export async function inspectProcess(pidFile: string, processes: Processes): Promise<ProcessState> {
  const recorded = await inspectRecorded(pidFile, processes);
  if (recorded.kind === "running") return recorded;
  const identity = await processes.findServing(dirname(pidFile));
  return identity === null ? recorded : { kind: "running", identity };
}

async function inspectRecorded(pidFile: string, processes: Processes): Promise<ProcessState> {
  const found = await readPidFile(pidFile);
  switch (found.kind) {
    case "absent":
      return { kind: "stopped" };
    case "unreadable":
      return { kind: "stale-pid", pid: null };
    case "names": {
      const { identity } = found;
      if (await isAlive(identity, processes)) return { kind: "running", identity };
      return { kind: "stale-pid", pid: identity.pid };
    }
  }
}

/**
 * Starts the process and records it, replacing a stale pid file. The caller has checked that it does not run.
 */
export async function startProcess(
  pidFile: string,
  launch: Launch,
  processes: Processes,
): Promise<ProcessIdentity> {
  const identity = await processes.spawn(launch);
  await recordProcess(pidFile, identity);
  return identity;
}

/** From now on `pidFile` names the process. */
export async function recordProcess(pidFile: string, identity: ProcessIdentity): Promise<void> {
  await writeFileDurably(pidFile, Buffer.from(formatPidFile(identity)));
}

/** Asks the process to stop, and kills it after `graceMs`. Throws STOP_FAILED when even that fails. */
export async function stopProcess(pidFile: string, graceMs: number, deps: SupervisorDeps): Promise<Stopped> {
  const state = await inspectProcess(pidFile, deps.processes);
  if (state.kind !== "running") {
    await rm(pidFile, { force: true });
    return "was-not-running";
  }
  const { identity } = state;
  deps.processes.signal(identity.pid, "SIGTERM");
  // A paused process handles SIGTERM only once it continues.
  deps.processes.signal(identity.pid, "SIGCONT");
  if (await waitUntil(async () => !(await isAlive(identity, deps.processes)), deps.clock, graceMs)) {
    await rm(pidFile, { force: true });
    return "stopped";
  }
  await killProcess(pidFile, deps);
  return "killed";
}

/** Ends the process at once, like a crash, and waits until it is gone. False when it did not run. */
export async function killProcess(pidFile: string, deps: SupervisorDeps): Promise<boolean> {
  const identity = await signalProcess(pidFile, "SIGKILL", deps.processes);
  if (identity !== null) {
    const gone = await waitUntil(
      async () => !(await isAlive(identity, deps.processes)),
      deps.clock,
      KILL_LIMIT_MS,
      2,
    );
    if (!gone) throw stopFailed(identity.pid);
  }
  await rm(pidFile, { force: true });
  return identity !== null;
}

/** Sends `signal` to the process when it runs; null when it does not. */
export async function signalProcess(
  pidFile: string,
  signal: Signal,
  processes: Processes,
): Promise<ProcessIdentity | null> {
  const state = await inspectProcess(pidFile, processes);
  if (state.kind !== "running") return null;
  return processes.signal(state.identity.pid, signal) ? state.identity : null;
}

function stopFailed(pid: number): OperatorError {
  return new OperatorError("STOP_FAILED", {
    what: `process ${pid} is still there after SIGKILL`,
    why: "the kernel blocks it, most likely in a disk operation",
    next: `inspect it with: ps -o pid,stat,wchan,cmd -p ${pid}`,
    exit: Exit.Failure,
  });
}
