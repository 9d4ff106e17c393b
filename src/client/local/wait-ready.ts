// Waits until a started fleet answers, and gives up at once when it cannot: when so many coordinators
// have exited that no quorum is left, the deadline would only hide what their logs say.
import { open } from "node:fs/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { localTarget } from "../context/target.ts";
import type { LocalDeps, Readiness } from "./deps.ts";
import type { LocalFleet } from "./local-fleet.ts";
import type { ProcessPlan } from "./process-plan.ts";
import { inspectProcess } from "./supervisor.ts";

const READY_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 200;
const LOG_TAIL_BYTES = 2_000;
const LOG_TAIL_LINES = 3;

/** Waits for a leader and a committed write. Throws NODES_EXITED when a quorum of coordinators is gone. */
export async function waitUntilReady(fleet: LocalFleet, deps: LocalDeps): Promise<Readiness> {
  const over = new AbortController();
  const target = localTarget(fleet, `--dir ${fleet.directory}`);
  try {
    return await Promise.race([
      deps.waitReady(target, READY_LIMIT_MS, deps.onProgress, over.signal),
      watchQuorum(fleet, deps, over.signal),
    ]);
  } finally {
    over.abort();
  }
}

/** A line for each process that does not run although it was started. */
export async function noteExited(fleet: LocalFleet, deps: LocalDeps): Promise<string[]> {
  const exited = await findExited(fleet.processes, deps);
  return Promise.all(
    exited.map(
      async (plan) => `${plan.name} has exited; its log ${plan.files.log} ends: ${await tail(plan)}`,
    ),
  );
}

/** Never resolves: rejects when no quorum of coordinators runs, and falls silent once `signal` is aborted. */
async function watchQuorum(fleet: LocalFleet, deps: LocalDeps, signal: AbortSignal): Promise<never> {
  const coordinators = fleet.processes.filter((plan) => plan.role === "coordinator");
  const spare = Math.floor((coordinators.length - 1) / 2);
  while (!signal.aborted) {
    const exited = await findExited(coordinators, deps);
    const [first] = exited;
    if (first !== undefined && exited.length > spare) throw await nodesExited(exited, first);
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  return new Promise<never>(() => {});
}

async function findExited(plans: readonly ProcessPlan[], deps: LocalDeps): Promise<ProcessPlan[]> {
  const states = await Promise.all(plans.map((plan) => inspectProcess(plan.files.pid, deps.processes)));
  return plans.filter((_, at) => states[at]?.kind !== "running");
}

async function nodesExited(exited: readonly ProcessPlan[], first: ProcessPlan): Promise<OperatorError> {
  return new OperatorError("NODES_EXITED", {
    what: `${exited.map((plan) => plan.name).join(", ")} exited: too few coordinators are left for a quorum`,
    why: `the log of ${first.name} ends: ${await tail(first)}`,
    next: `read ${first.files.log}, then: fleet up`,
    exit: Exit.NoQuorum,
  });
}

/** The last lines of the process's log, joined into one. */
async function tail(plan: ProcessPlan): Promise<string> {
  try {
    const log = await open(plan.files.log);
    try {
      const { size } = await log.stat();
      const from = Math.max(0, size - LOG_TAIL_BYTES);
      const { buffer, bytesRead } = await log.read(Buffer.alloc(LOG_TAIL_BYTES), 0, LOG_TAIL_BYTES, from);
      const lines = buffer
        .toString("utf8", 0, bytesRead)
        .split("\n")
        .filter((line) => line.trim() !== "");
      return lines.slice(-LOG_TAIL_LINES).join(" | ") || "(it is empty)";
    } finally {
      await log.close();
    }
  } catch (error) {
    return `(unreadable: ${error instanceof Error ? error.message : String(error)})`;
  }
}
