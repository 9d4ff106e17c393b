// A machine without real processes: what was started, what runs, what was signalled. Nothing takes time.

import { join } from "node:path";
import type { LocalDeps, WaitReady } from "../../../../src/client/local/deps.ts";
import { portLinksIn } from "../../../../src/client/processes/port-owners.ts";
import type {
  Launch,
  Processes,
  ProcessIdentity,
  Signal,
} from "../../../../src/client/processes/processes.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { TestClock } from "../../test-clock.ts";

const SELF: ProcessIdentity = { pid: 100, startTime: "fleet itself" };

export class FakeProcesses implements Processes {
  readonly launches: Launch[] = [];
  readonly signals: string[] = [];
  /** Processes that serve, by folder, as the machine shows them, recorded or not. */
  readonly serving = new Map<string, number>();
  readonly #running = new Map<number, string>([[SELF.pid, SELF.startTime]]);
  readonly #launched = new Map<number, Launch>();
  readonly #ignored: readonly Signal[];
  #nextPid = 1_000;

  /** `ignored` are the signals that no process reacts to. */
  constructor(ignored: readonly Signal[] = []) {
    this.#ignored = ignored;
  }

  async spawn(launch: Launch): Promise<ProcessIdentity> {
    this.launches.push(launch);
    this.#nextPid += 1;
    this.#launched.set(this.#nextPid, launch);
    return this.put(this.#nextPid, `start of ${this.#nextPid}`);
  }

  async identify(pid: number): Promise<ProcessIdentity | null> {
    const startTime = this.#running.get(pid);
    return startTime === undefined ? null : { pid, startTime };
  }

  async findServing(folder: string): Promise<ProcessIdentity | null> {
    const pid = this.serving.get(folder);
    return pid === undefined ? null : this.identify(pid);
  }

  async argumentsOf(pid: number): Promise<readonly string[]> {
    return this.#launched.get(pid)?.args ?? [];
  }

  signal(pid: number, signal: Signal): boolean {
    this.signals.push(`${signal} ${pid}`);
    if (!this.#running.has(pid)) return false;
    const ends = signal === "SIGTERM" || signal === "SIGKILL";
    if (ends && !this.#ignored.includes(signal)) this.#running.delete(pid);
    return true;
  }

  async self(): Promise<ProcessIdentity> {
    return SELF;
  }

  /** Lets a process run under `pid`, as the kernel does when it hands out a pid again. */
  put(pid: number, startTime: string): ProcessIdentity {
    this.#running.set(pid, startTime);
    return { pid, startTime };
  }

  /** Ends every process but this one, as a power cut does. */
  endAll(): void {
    for (const pid of this.#running.keys()) if (pid !== SELF.pid) this.#running.delete(pid);
  }

  /** Names of the processes that were started, by the folder they work in. */
  startedNames(): string[] {
    return this.launches.map((launch) => launch.cwd.split("/").at(-1) ?? "").sort();
  }
}

/** A folder that is removed when the test ends. */
export interface FakeWorld {
  readonly root: string;
  /** Where fleets are made. */
  readonly directory: string;
  readonly processes: FakeProcesses;
  readonly deps: LocalDeps;
  readonly progress: string[];
}

export async function fakeWorld(
  waitReady: WaitReady = async () => ({ leader: "n1" }),
  processes = new FakeProcesses(),
): Promise<FakeWorld> {
  const root = await temporaryFolder();
  const progress: string[] = [];
  const deps: LocalDeps = {
    processes,
    clock: TestClock.movedBySleep(),
    program: { node: "/usr/bin/node", fleet: "/opt/fleet/bin/run.js" },
    contextsFile: join(root, "config", "contexts.yaml"),
    // The ports are real: none of them may be another fleet's.
    portLinks: portLinksIn(process.env),
    waitReady,
    standing: async () => ({ unregistered: [], removed: [] }),
    isListening: async () => true,
    isSilent: async () => false,
    onProgress: (step) => progress.push(step),
  };
  return { root, directory: join(root, ".fleet"), processes, deps, progress };
}

/** What a rejected promise was rejected with: its code and its parts. */
export async function failureOf(attempt: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Error && "code" in error && "parts" in error) {
      return { code: error.code, ...Object(error.parts) };
    }
    throw error;
  }
  throw new Error("expected a failure");
}
