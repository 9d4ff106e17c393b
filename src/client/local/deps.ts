// The world of the local supervisor as parameters: processes, time, the `fleet` program, contexts, and how to
// learn that a fleet answers. Tests give fakes; `systemDeps` gives the machine.
import { fileURLToPath } from "node:url";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import { contextsFilePath } from "../context/contexts-file.ts";
import type { Target } from "../context/target.ts";
import type { Program } from "../files/process-plan.ts";
import { isListening } from "../processes/ports.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { SystemProcesses } from "../processes/system-processes.ts";

/** What is known once a fleet has a leader and has committed a write. */
export interface Readiness {
  /** Name of the node that leads. */
  readonly leader: string;
}

/**
 * Waits until the fleet has a leader and has committed a write. Throws an OperatorError when it has not within
 * `deadlineMs`, and gives up early once `signal` is aborted.
 */
export type WaitReady = (
  target: Target,
  deadlineMs: number,
  onProgress: (step: string) => void,
  signal: AbortSignal,
) => Promise<Readiness>;

export interface LocalDeps extends SupervisorDeps {
  readonly program: Program;
  /** The user's contexts.yaml. */
  readonly contextsFile: string;
  readonly waitReady: WaitReady;
  /** Whether somebody accepts connections at the address. */
  readonly isListening: (address: string) => Promise<boolean>;
  /** Told what is being done, a few words at a time. */
  readonly onProgress: (step: string) => void;
}

/** The real world. `env` decides where the contexts are. */
export async function systemDeps(
  waitReady: WaitReady,
  onProgress: (step: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<LocalDeps> {
  return {
    processes: await SystemProcesses.open(),
    clock: systemWaitClock,
    // The same place above src/client/local and dist/client/local.
    program: {
      node: process.execPath,
      fleet: fileURLToPath(new URL("../../../bin/run.js", import.meta.url)),
    },
    contextsFile: contextsFilePath(env),
    waitReady,
    isListening,
    onProgress,
  };
}
