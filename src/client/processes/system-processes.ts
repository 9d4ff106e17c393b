// The port `Processes` on the real machine. A started process gets a session of its own, so that closing the
// terminal or Ctrl-C does not reach it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, realpath } from "node:fs/promises";
import { assert, present } from "../../core/base/assert.ts";
import { chooseStartTimeReader, type StartTimeReader } from "../../core/base/process-start.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { Launch, Processes, ProcessIdentity, Signal } from "./processes.ts";
import { argumentsOf, findServing } from "./procfs.ts";

const LOG_MODE = 0o600;

export class SystemProcesses implements Processes {
  readonly #startTimeOf: StartTimeReader;

  private constructor(startTimeOf: StartTimeReader) {
    this.#startTimeOf = startTimeOf;
  }

  static async open(): Promise<SystemProcesses> {
    return new SystemProcesses(await chooseStartTimeReader());
  }

  async spawn(launch: Launch): Promise<ProcessIdentity> {
    const log = await open(launch.logFile, "a", LOG_MODE);
    try {
      const child = spawn(launch.command, launch.args, {
        cwd: launch.cwd,
        detached: true,
        env: { ...backgroundEnvironment(process.env), ...launch.environment },
        stdio: ["ignore", log.fd, log.fd],
      });
      await once(child, "spawn");
      child.unref();
      const pid = present(child.pid, "a spawned process has a pid");
      // A process that died already gets a start time that no process has, so a later one with its pid
      // differs.
      return { pid, startTime: (await this.#startTimeOf(pid)) ?? "exited at once" };
    } finally {
      await log.close();
    }
  }

  async identify(pid: number): Promise<ProcessIdentity | null> {
    const startTime = await this.#startTimeOf(pid);
    return startTime === null ? null : { pid, startTime };
  }

  async findServing(folder: string): Promise<ProcessIdentity | null> {
    const pid = await findServing(await realpath(folder).catch(() => folder));
    return pid === null ? null : this.identify(pid);
  }

  argumentsOf(pid: number): Promise<readonly string[]> {
    return argumentsOf(pid);
  }

  signal(pid: number, signal: Signal): boolean {
    // Zero and negative pids mean process groups to kill(2).
    assert(Number.isSafeInteger(pid) && pid > 1, "a signal goes to one process");
    try {
      return process.kill(pid, signal);
    } catch (error) {
      if (isErrno(error, "ESRCH")) return false;
      throw error;
    }
  }

  async self(): Promise<ProcessIdentity> {
    return present(await this.identify(process.pid), "this process runs");
  }
}

/** The fleet in the operator's shell variables must not affect a process that belongs to this fleet. */
function backgroundEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith("FLEET_")));
}
