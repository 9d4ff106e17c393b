// Starts the stopped processes of a local fleet, all or none: nothing is started while any port is taken. The
// caller holds the fleet's lock. Absent: waiting for a leader (wait-ready.ts).
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { refuseUnfinished } from "../../core/storage/recovery-mark.ts";
import { refuseHalfMoved } from "../files/engine-move.ts";
import { assertComplete, type LocalFleet } from "../files/local-fleet.ts";
import { launchOf, type ProcessPlan } from "../files/process-plan.ts";
import { findPortHolder, isPortTaken } from "../processes/ports.ts";
import { inspectProcess, type ProcessState, recordProcess, startProcess } from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";
import { isBeingFounded } from "./founding.ts";

export interface Started {
  /** Names of the processes that this call started. */
  readonly started: readonly string[];
  readonly notes: readonly string[];
}

export type StartDeps = Pick<LocalDeps, "processes" | "program" | "onProgress">;

/**
 * Starts the stopped processes. Throws ENGINE_MOVE_UNFINISHED, RECOVERY_UNFINISHED, FLEET_INCOMPLETE or PORT_TAKEN before anything is
 * started.
 */
export async function startFleet(fleet: LocalFleet, deps: StartDeps): Promise<Started> {
  // First, because what was interrupted explains missing files.
  await refuseHalfMoved(fleet.directory);
  await refuseHalfRecovered(fleet.processes);
  await assertComplete(fleet);
  return startPlans(fleet, fleet.processes, deps);
}

/** Like `startFleet`, for some of the fleet's processes, without a check for their data. */
export async function startPlans(
  fleet: LocalFleet,
  plans: readonly ProcessPlan[],
  deps: StartDeps,
): Promise<Started> {
  await refuseHalfMoved(fleet.directory);
  await refuseHalfRecovered(plans);
  const isFounding = await isBeingFounded(fleet.directory);
  const states = await Promise.all(
    plans.map(async (plan) => ({ plan, state: await inspectProcess(plan.files.pid, deps.processes) })),
  );
  const idle = states.filter(({ state }) => state.kind !== "running");
  await Promise.all(idle.map(({ plan }) => assertPortsFree(plan)));
  if (idle.length > 0) deps.onProgress(`starting ${idle.map(({ plan }) => plan.name).join(", ")}`);
  const own = idle.filter(({ plan }) => plan.sharedIn === null);
  const shared = idle.filter(({ plan }) => plan.sharedIn !== null);
  await Promise.all([
    ...own.map(({ plan }) =>
      startProcess(plan.files.pid, launchOf(plan, deps.program, isFounding), deps.processes),
    ),
    startShared(
      fleet,
      shared.map(({ plan }) => plan),
      isFounding,
      deps,
    ),
  ]);
  return {
    started: idle.map(({ plan }) => plan.name),
    notes: idle.flatMap(({ plan, state }) => noteStale(plan.name, state)),
  };
}

/** The one process of all coordinators, unless it runs. Each of them has a pid file that names it. */
async function startShared(
  fleet: LocalFleet,
  [first]: readonly ProcessPlan[],
  isFounding: boolean,
  { processes, program }: StartDeps,
): Promise<void> {
  if (first === undefined) return;
  const sharing = fleet.processes.filter(({ sharedIn }) => sharedIn !== null);
  const states = await Promise.all(sharing.map(({ files }) => inspectProcess(files.pid, processes)));
  const running = states.find((state) => state.kind === "running");
  const identity = running?.identity ?? (await processes.spawn(launchOf(first, program, isFounding)));
  await Promise.all(sharing.map(({ files }) => recordProcess(files.pid, identity)));
}

/**
 * Throws RECOVERY_UNFINISHED: the node would refuse to start, and the recovery may still move files around
 * it.
 */
async function refuseHalfRecovered(plans: readonly ProcessPlan[]): Promise<void> {
  for (const { role, files } of plans) if (role === "coordinator") await refuseUnfinished(files.data);
}

function noteStale(name: string, state: ProcessState): string[] {
  if (state.kind !== "stale-pid") return [];
  const former = state.pid === null ? "an unreadable pid file" : `process ${state.pid}`;
  return [`${name} was not stopped properly (${former} is gone); its pid file was replaced`];
}

async function assertPortsFree({ name, address, metrics, etcd }: ProcessPlan): Promise<void> {
  for (const own of [address, metrics, etcd]) if (own !== null) await assertPortFree(name, own);
}

async function assertPortFree(name: string, address: string): Promise<void> {
  if (!(await isPortTaken(address))) return;
  const holder = await findPortHolder(address);
  throw new OperatorError("PORT_TAKEN", {
    what: `${name} cannot listen on ${address}: the port is taken`,
    why:
      holder === null
        ? "another process listens on it"
        : `process ${holder.pid} listens on it: ${holder.command}`,
    next:
      holder === null ? "end that process, then: fleet up" : `end it (kill ${holder.pid}), then: fleet up`,
    endpoint: address,
    exit: Exit.Precondition,
  });
}
