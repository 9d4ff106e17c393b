// Single processes of a local fleet, for drills, rebinds and tests: listing, starting, stopping, killing,
// pausing. Signals take no lock, so that a fault happens at once; starts and stops take the fleet's lock.
import { lockPath } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet, processNamed } from "../files/local-fleet.ts";
import type { ProcessPlan } from "../files/process-plan.ts";
import { sharedProcess } from "../files/shared-process.ts";
import { withLock } from "../processes/lock.ts";
import type { ProcessRole } from "../processes/process-memory.ts";
import type { Processes, Signal } from "../processes/processes.ts";
import {
  inspectProcess,
  killProcess,
  type ProcessState,
  type Stopped,
  type SupervisorDeps,
  signalProcess,
  stopProcess,
} from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";
import { STOP_GRACE_MS } from "./shut-down.ts";
import { type StartDeps, startPlans } from "./start-fleet.ts";

export interface LocalProcess {
  readonly name: string;
  readonly role: ProcessRole;
  readonly address: string | null;
  readonly logFile: string;
  readonly state: ProcessState;
}

/** The processes of the fleet in `directory`, coordinators first, and whether each runs. */
export async function localProcesses(directory: string, processes: Processes): Promise<LocalProcess[]> {
  const fleet = await loadLocalFleet(directory);
  return Promise.all(
    fleet.processes.map(async ({ name, role, address, files }) => ({
      name,
      role,
      address,
      logFile: files.log,
      state: await inspectProcess(files.pid, processes),
    })),
  );
}

/** Starts the process called `name`; false when it runs already. Throws PROCESS_UNKNOWN or PORT_TAKEN. */
export async function startNode(
  directory: string,
  name: string,
  deps: StartDeps & Pick<LocalDeps, "clock">,
): Promise<boolean> {
  const { fleet, plan } = await findPlan(directory, name);
  const begun = await withLock(lockPath(fleet.directory), deps, () => startPlans(fleet, [plan], deps));
  return begun.started.length > 0;
}

/** Stops the process called `name`, killing it after `graceMs`. */
export async function stopNode(
  directory: string,
  name: string,
  deps: SupervisorDeps,
  graceMs = STOP_GRACE_MS,
): Promise<Stopped> {
  const { fleet, plan } = await findOwn(directory, name);
  return withLock(lockPath(fleet.directory), deps, () => stopProcess(plan.files.pid, graceMs, deps));
}

/** Kills the process called `name`, like a crash; false when it did not run. Returns once it is gone. */
export async function killNode(directory: string, name: string, deps: SupervisorDeps): Promise<boolean> {
  const { plan } = await findOwn(directory, name);
  return killProcess(plan.files.pid, deps);
}

/**
 * Pauses the process called `name` (SIGSTOP): it keeps its connections and answers nothing. False if it does
 * not run.
 */
export async function pauseNode(directory: string, name: string, processes: Processes): Promise<boolean> {
  return send(directory, name, "SIGSTOP", processes);
}

/** Continues a paused process. */
export async function resumeNode(directory: string, name: string, processes: Processes): Promise<boolean> {
  return send(directory, name, "SIGCONT", processes);
}

async function send(directory: string, name: string, signal: Signal, processes: Processes): Promise<boolean> {
  const { plan } = await findOwn(directory, name);
  return (await signalProcess(plan.files.pid, signal, processes)) !== null;
}

/** Throws SHARED_PROCESS: a signal to one of these coordinators would reach all. */
async function findOwn(directory: string, name: string): ReturnType<typeof findPlan> {
  const found = await findPlan(directory, name);
  if (found.plan.sharedIn !== null) throw sharedProcess(name, found.fleet);
  return found;
}

async function findPlan(directory: string, name: string): Promise<{ fleet: LocalFleet; plan: ProcessPlan }> {
  const fleet = await loadLocalFleet(directory);
  return { fleet, plan: processNamed(fleet, name) };
}
