// The port to the machine's processes: starting one in the background, identifying one, signalling. A pid
// alone identifies no process, because the kernel uses it again: a process is its pid and its start time.
// It knows neither nodes nor fleets.

/** A background process to start. Its output is appended to `logFile`. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** In addition to this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

/** Identifies one process for ever: no two have both fields equal. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly startTime: string;
}

export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP";

export interface Processes {
  /** Starts a process that outlives this one. Throws when the command cannot be started. */
  spawn(launch: Launch): Promise<ProcessIdentity>;
  /** The identity of the process that has `pid` now, or null when none does (a zombie does not count). */
  identify(pid: number): Promise<ProcessIdentity | null>;
  /** The process that runs `fleet serve` in `folder`, or null; null too if the machine does not show it. */
  findServing(folder: string): Promise<ProcessIdentity | null>;
  /** The words of the process's command line; empty if the machine does not show them. */
  argumentsOf(pid: number): Promise<readonly string[]>;
  /** Sends a signal; false when the process is gone. */
  signal(pid: number, signal: Signal): boolean;
  /** This process. */
  self(): Promise<ProcessIdentity>;
}

/** Whether exactly this process still runs, not another one with its pid. */
export async function isAlive(identity: ProcessIdentity, processes: Processes): Promise<boolean> {
  return (await processes.identify(identity.pid))?.startTime === identity.startTime;
}
