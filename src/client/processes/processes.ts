// The port to the machine's processes: starting one in the background, telling one from another, signalling.
// A pid alone names nobody, since the kernel hands it out again: a process is its pid and its start time.
// Absent: any notion of nodes or fleets.

/** A background process to start. Its output goes to the end of `logFile`. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside what this process has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

/** One process, for ever: no two have both fields equal. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly startTime: string;
}

export type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP";

export interface Processes {
  /** Starts a process that outlives this one. Throws when the command cannot be started. */
  spawn(launch: Launch): Promise<ProcessIdentity>;
  /** The identity of the process that has `pid` now, or null when none runs under it (a zombie does not run). */
  identify(pid: number): Promise<ProcessIdentity | null>;
  /** The process that runs `fleet serve` in `folder`, or null; null too where the machine does not show that. */
  findServing(folder: string): Promise<ProcessIdentity | null>;
  /** Sends a signal; false when there is no such process any more. */
  signal(pid: number, signal: Signal): boolean;
  /** This process. */
  self(): Promise<ProcessIdentity>;
}

/** Whether exactly this process still runs, and not another one under its pid. */
export async function isAlive(identity: ProcessIdentity, processes: Processes): Promise<boolean> {
  return (await processes.identify(identity.pid))?.startTime === identity.startTime;
}
