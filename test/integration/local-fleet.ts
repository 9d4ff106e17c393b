// A real local fleet in a temporary folder, made by the real `fleet init`, for tests. A test can kill, pause, start
// and wipe its processes; at the end nothing of it is left. Needs the built program (npm run build).

import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Target } from "../../src/client/context/target.ts";
import { localTarget } from "../../src/client/context/target.ts";
import { fleetFilePath, processFiles } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import { FleetClient, type Patience } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { type LocalDeps, systemDeps } from "../../src/client/local/deps.ts";
import { killNode, pauseNode, resumeNode, startNode } from "../../src/client/local/process-control.ts";
import { isAlive } from "../../src/client/processes/processes.ts";
import { signalProcess } from "../../src/client/processes/supervisor.ts";
import { standing, waitReady } from "../../src/client/wait-ready.ts";
import { waitUntil } from "../../src/core/base/wait-clock.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { shareReservations } from "../reserved-ports.ts";
import { RunningCommand } from "./running-command.ts";

/** For clients of tests: a busy machine makes no healthy node look down, unless that is what a test is about. */
export const PATIENT: Patience = { nodeTimeoutMs: 5_000, callDeadlineMs: 60_000 };

/** What `node` runs to be `fleet`. */
export const program = fileURLToPath(new URL("../../bin/run.js", import.meta.url));

const LOOK_EVERY_MS = 50;
const DISPOSE_LIMIT_MS = 60_000;

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `fleet`, or that of another checkout, as a process of its own; an end by a signal is exit -1. */
export function runProgram(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  file = program,
): Promise<Ran> {
  return runNode([file, ...args], options);
}

/** The same with Node's own arguments, which come first. */
export function runNode(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  return new Promise((resolve) => {
    const limits = { ...options, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, limits, (error, stdout, stderr) => {
      const exit = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exit, stdout, stderr });
    });
  });
}

export class TestFleet {
  /** The fleet's own folder. */
  readonly directory: string;
  readonly #home: string;
  readonly #more: NodeJS.ProcessEnv;
  #clients: FleetClient[] = [];
  readonly #commands: RunningCommand[] = [];

  private constructor(home: string, more: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#more = more;
    this.directory = join(home, ".fleet");
  }

  /** An empty home: no fleet yet. `more` goes into the environment of all its commands. */
  static async empty(more: NodeJS.ProcessEnv = {}): Promise<TestFleet> {
    const home = await makeFolder();
    await shareReservations(home);
    return new TestFleet(home, more);
  }

  /** Made and started by `fleet init` with these arguments. */
  static async init(...args: readonly string[]): Promise<TestFleet> {
    const fleet = await TestFleet.empty();
    const ran = await fleet.run("init", ...args);
    if (ran.exit === 0) return fleet;
    await fleet.dispose();
    throw new Error(`fleet init failed: ${ran.stderr}`);
  }

  get home(): string {
    return this.#home;
  }

  /** The environment in which this fleet's commands run: nothing of the user's is read or written. */
  get env(): NodeJS.ProcessEnv {
    const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
    return {
      ...{ PATH, TMPDIR, NODE_COMPILE_CACHE },
      HOME: this.#home,
      XDG_CONFIG_HOME: join(this.#home, "config"),
      NO_COLOR: "1",
      FLEET_NODE_TIMEOUT: "20s",
      FLEET_TIMEOUT: "20s",
      ...this.#more,
    };
  }

  /** Runs `fleet` as a process of its own, in this fleet's home. */
  run(...args: readonly string[]): Promise<Ran> {
    return runProgram(args, { cwd: this.#home, env: this.env });
  }

  /** Starts `fleet` as `run` does, to be watched and signalled while it runs; killed at the end if it still does. */
  launch(...args: readonly string[]): RunningCommand {
    const command = new RunningCommand(program, args, this.#home, this.env);
    this.#commands.push(command);
    return command;
  }

  /** Changes fleet.yaml; returns its new text. */
  async edit(change: (text: string) => string): Promise<string> {
    const path = fleetFilePath(this.directory);
    const text = change(await readFile(path, "utf8"));
    await writeFile(path, text);
    return text;
  }

  async target(): Promise<Target> {
    return localTarget(await loadLocalFleet(this.directory), "test");
  }

  /** A client of this fleet as it is now, for the caller to close. */
  async connect(): Promise<FleetClient> {
    return FleetClient.connect(await this.target(), PATIENT);
  }

  /** The same for `work` alone. */
  async withClient<T>(work: (client: FleetClient) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  /** A client of this fleet, closed with it. */
  async client(): Promise<FleetClient> {
    const client = await this.connect();
    this.#clients.push(client);
    return client;
  }

  deps(): Promise<LocalDeps> {
    return systemDeps({ waitReady, standing }, () => undefined, this.env);
  }

  async kill(name: string): Promise<void> {
    await killNode(this.directory, name, await this.deps());
  }

  async start(name: string): Promise<void> {
    await startNode(this.directory, name, await this.deps());
  }

  async pause(name: string): Promise<void> {
    await pauseNode(this.directory, name, (await this.deps()).processes);
  }

  async resume(name: string): Promise<void> {
    await resumeNode(this.directory, name, (await this.deps()).processes);
  }

  /** Looks until `wanted` holds, and returns that look. Throws with the last one when it never does. */
  async untilStatus(
    client: FleetClient,
    wanted: (status: FleetStatus) => boolean,
    limitMs = 120_000,
  ): Promise<FleetStatus> {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const status = await client.status();
      if (wanted(status)) return status;
      if (performance.now() > endMs) throw new Error(`never came to be: ${JSON.stringify(status, null, 1)}`);
      // Looks without a pause would take the CPU from the fleet that is looked at.
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Stops every process and removes every file. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#clients = [];
    for (const command of this.#commands) command.signal("SIGKILL");
    // By their pid files: fleet.yaml may be unusable by now, and a graceful stop would prove nothing here.
    const { processes, clock } = await this.deps();
    for (const name of await readdir(this.directory).catch(() => [])) {
      const killed = await signalProcess(processFiles(this.directory, name).pid, "SIGKILL", processes);
      const isGone = async () => killed === null || !(await isAlive(killed, processes));
      if (!(await waitUntil(isGone, clock, DISPOSE_LIMIT_MS))) throw new Error(`${name} outlives SIGKILL`);
    }
    await removeFolder(this.#home);
  }
}

/** The name of the node that leads. */
export function leaderOf(status: FleetStatus): string {
  const leader = status.nodes.find((node) => node.nodeId === status.leader);
  if (leader === undefined) throw new Error("nobody leads");
  return leader.name;
}
