// One server process of a measured cluster: started, killed, started again, and what it takes of the machine. What must
// stay true: no server outlives the bench. Its output goes to a file beside its data, never to a pipe that must be
// emptied while the clock runs.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assert } from "../../src/core/base/assert.ts";

const STOP_GRACE_MS = 10_000;
/** Servers that end with the bench. */
const living = new Set<Server>();
process.on("exit", () => {
  for (const server of living) server.killNow();
});

export interface ServerLaunch {
  readonly name: string;
  /** host:port that clients dial. */
  readonly address: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** What a process has used so far, as Linux counts it. */
export interface Usage {
  readonly residentBytes: number;
  /** The most that it was since it started. */
  readonly peakBytes: number;
  /** User and system time of all its threads. */
  readonly cpuMs: number;
}

export class Server {
  readonly name: string;
  readonly address: string;
  readonly #launch: ServerLaunch;
  #child: ChildProcess | null = null;

  constructor(launch: ServerLaunch) {
    this.name = launch.name;
    this.address = launch.address;
    this.#launch = launch;
    living.add(this);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    assert(this.#child === null, "a server is started once between two ends");
    const { command, args, env, logFile } = this.#launch;
    const log = openSync(logFile, "a");
    this.#child = spawn(command, args, { env, stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /** As a crash would end it. Resolves when the process is gone; the signal is sent before this returns. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Stops it in its tracks, as a hanging machine would, until `resume`. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it for good, cleanly if it can. */
  async stop(): Promise<void> {
    const kill = new AbortController();
    const late = sleep(STOP_GRACE_MS, null, { signal: kill.signal }).then(
      () => this.killNow(),
      () => undefined,
    );
    await this.#end("SIGTERM");
    kill.abort();
    await late;
    living.delete(this);
  }

  /** Null where there is no /proc to read it from, and for a server that does not run. */
  usage(): Usage | null {
    return usageOf(this.pid);
  }

  /** The end of what it has printed, for an error message. */
  lastWords(): string {
    return readFileSync(this.#launch.logFile, "utf8").slice(-1_000);
  }

  /** Without waiting for its end. */
  killNow(): void {
    this.#child?.kill("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}

/** Null where there is no /proc to read it from, and for a process that does not run. */
export function usageOf(pid: number | undefined): Usage | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    const [, peakKilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in brackets may hold anything; user and system time are fields 14 and 15 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const [residentBytes, peakBytes] = [Number(kilobytes) * 1024, Number(peakKilobytes) * 1024];
    return { residentBytes, peakBytes, cpuMs: (ticks * 1_000) / ticksPerSecond() };
  } catch {
    return null;
  }
}

let ticks: number | null = null;

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}
