// The environment of the local supervisor as parameters: processes, time, the `fleet` program, contexts, and
// how to learn that a fleet answers. Tests pass fakes; `systemDeps` passes the machine's.
import { fileURLToPath } from "node:url";
import { isOneExecutable } from "../../core/base/own-files.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";
import { contextsFilePath } from "../context/contexts-file.ts";
import type { Target } from "../context/target.ts";
import type { Program } from "../files/process-plan.ts";
import { portLinksIn } from "../processes/port-owners.ts";
import { isListening } from "../processes/ports.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { SystemProcesses } from "../processes/system-processes.ts";

/** The facts once a fleet has a leader and has committed a write. */
export interface Readiness {
  /** Name of the node that leads. */
  readonly leader: string;
}

/**
 * Waits until the fleet has a leader and has committed a write. Throws an OperatorError after `deadlineMs`,
 * and stops early once `signal` is aborted.
 */
export type WaitReady = (
  target: Target,
  deadlineMs: number,
  onProgress: (step: string) => void,
  signal: AbortSignal,
) => Promise<Readiness>;

/** What the fleet's table has of some shards. */
export interface Standing {
  readonly unregistered: readonly string[];
  readonly removed: readonly string[];
}

/** What only a fleet's answers say. */
export interface FleetAnswers {
  readonly waitReady: WaitReady;
  /** Which of these shards the fleet has not registered yet, or has removed. Without an answer: none is registered. */
  readonly standing: (target: Target, shards: readonly string[]) => Promise<Standing>;
}

export interface LocalDeps extends SupervisorDeps, FleetAnswers {
  readonly program: Program;
  /** The user's contexts.yaml. */
  readonly contextsFile: string;
  /** Which fleet owns which port: see port-owners.ts. */
  readonly portLinks: string;
  /** Whether a process accepts connections at the address. */
  readonly isListening: (address: string) => Promise<boolean>;
  /** Whether a process accepts connections at the address and sends nothing. */
  readonly isSilent: (address: string, tls: TlsFiles) => Promise<boolean>;
  /** Called with each step, in a few words. */
  readonly onProgress: (step: string) => void;
}

// Loaded when needed: most commands that start a process ask none for an answer.
async function isSilent(address: string, tls: TlsFiles): Promise<boolean> {
  const [{ dial }, { loadTls }] = await Promise.all([
    import("../cert/proof.ts"),
    import("../../core/wire/tls/tls.ts"),
  ]);
  return (await dial(address, loadTls(tls))).kind === "silent";
}

/** The real environment. `env` decides where the contexts are. */
export async function systemDeps(
  answers: FleetAnswers,
  onProgress: (step: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<LocalDeps> {
  return {
    processes: await SystemProcesses.open(),
    clock: systemWaitClock,
    // The same place relative to src/client/local and dist/client/local.
    program: {
      node: process.execPath,
      fleet: isOneExecutable ? null : fileURLToPath(new URL("../../../bin/run.js", import.meta.url)),
    },
    contextsFile: contextsFilePath(env),
    portLinks: portLinksIn(env),
    ...answers,
    isListening,
    isSilent,
    onProgress,
  };
}
