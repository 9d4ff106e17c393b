// The processes that this command started, so that it can end them when it is interrupted. What must stay
// true: once they are being ended, no further one is started.
import { basename, join } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { removeOwnStaging } from "../files/fleet-folder.ts";
import { findLocalFleet } from "../files/local-fleet.ts";
import type { Launch, Processes, ProcessIdentity, Signal } from "../processes/processes.ts";
import { stopProcess } from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";
import { STOP_GRACE_MS } from "./shut-down.ts";

export class OwnProcesses implements Processes {
  readonly #inner: Processes;
  readonly #folders: string[] = [];
  readonly #starting = new Set<Promise<unknown>>();
  #isOver = false;

  constructor(inner: Processes) {
    this.#inner = inner;
  }

  async spawn(launch: Launch): Promise<ProcessIdentity> {
    if (this.#isOver) throw interrupted();
    this.#folders.push(launch.cwd);
    const starting = this.#inner.spawn(launch);
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  /** Ends all that were started; resolves with their names. */
  async end(deps: Pick<LocalDeps, "clock">): Promise<string[]> {
    this.#isOver = true;
    await Promise.allSettled(this.#starting);
    const stopping = { clock: deps.clock, processes: this.#inner };
    await Promise.all(
      this.#folders.map((folder) => stopProcess(join(folder, "pid"), STOP_GRACE_MS, stopping)),
    );
    return this.#folders.map((folder) => basename(folder)).sort();
  }

  identify(pid: number): Promise<ProcessIdentity | null> {
    return this.#inner.identify(pid);
  }

  findServing(folder: string): Promise<ProcessIdentity | null> {
    return this.#inner.findServing(folder);
  }

  argumentsOf(pid: number): Promise<readonly string[]> {
    return this.#inner.argumentsOf(pid);
  }

  signal(pid: number, signal: Signal): boolean {
    return this.#inner.signal(pid, signal);
  }

  self(): Promise<ProcessIdentity> {
    return this.#inner.self();
  }
}

/** Ends everything that an interrupted start of the fleet in `directory` started, and reports the result. */
export async function endInterruptedStart(
  directory: string,
  own: OwnProcesses,
  deps: Pick<LocalDeps, "clock">,
): Promise<string> {
  const ended = await own.end(deps);
  await removeOwnStaging(directory, await own.self());
  const what = ended.length === 0 ? "no process was started" : `stopped ${ended.join(", ")} again`;
  const fleet = await findLocalFleet(directory).catch(() => null);
  if (fleet === null) return `interrupted: ${what}, and no fleet was made`;
  const { directory: folder } = fleet;
  const next = `start it with fleet up --dir ${folder}, or remove it with fleet destroy --dir ${folder}`;
  return `interrupted: ${what}; the fleet's files are in ${folder}: ${next}`;
}

// It ends the interrupted command and is not shown.
function interrupted(): OperatorError {
  return new OperatorError("INTERRUPTED", { what: "interrupted", exit: Exit.Interrupted });
}
