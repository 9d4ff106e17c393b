// Waits until a started fleet answers. It stops at once when so many coordinators have exited that no quorum is left.
// Waiting for the deadline would only hide the cause in their logs. If the fleet answers although one of its processes
// has died, it was not started completely. The operator must learn that now, not when the next one dies.
import { open } from "node:fs/promises";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { localTarget } from "../context/target.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import type { ProcessPlan } from "../files/process-plan.ts";
import { inspectProcess } from "../processes/supervisor.ts";
import type { LocalDeps, Readiness, Standing } from "./deps.ts";

const READY_LIMIT_MS = 30_000;
/** A shard registers as soon as there is a leader, and asks again after some hundred milliseconds. */
const REGISTERED_LIMIT_MS = 5_000;
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

/** The end of a start. */
interface Served {
  /** A line for each process that does not serve, or is not registered. */
  readonly notes: readonly string[];
  /** Shards that run and were removed from the fleet. */
  readonly removed: readonly string[];
}

/**
 * Waits until every process of an answering fleet serves, which it does once it has found its data whole, and until its shards
 * are registered. Throws NODES_EXITED when one has ended instead.
 */
export async function waitUntilAllServe(fleet: LocalFleet, deps: LocalDeps): Promise<Served> {
  const endMs = deps.clock.now() + READY_LIMIT_MS;
  for (;;) {
    await refuseExited(fleet, deps);
    const silent = await findSilent(fleet.processes, deps);
    if (silent.length === 0) return await waitUntilRegistered(fleet, deps);
    if (deps.clock.now() >= endMs) {
      const { removed } = await standingOf(fleet, deps);
      return { notes: silent.map(noteSilent), removed };
    }
    await deps.clock.sleep(LOOK_EVERY_MS);
  }
}

/** Until then no cluster can be bound to them. */
async function waitUntilRegistered(fleet: LocalFleet, deps: LocalDeps): Promise<Served> {
  const endMs = deps.clock.now() + REGISTERED_LIMIT_MS;
  for (;;) {
    await refuseExited(fleet, deps);
    const { unregistered, removed } = await standingOf(fleet, deps);
    if (unregistered.length === 0) return { notes: [], removed };
    if (deps.clock.now() >= endMs) {
      const late = shardsOf(fleet).filter(({ name }) => unregistered.includes(name));
      return { notes: late.map(noteUnregistered), removed };
    }
    await deps.clock.sleep(LOOK_EVERY_MS);
  }
}

const shardsOf = ({ processes }: LocalFleet): readonly ProcessPlan[] =>
  processes.filter(({ role }) => role === "shard");

async function standingOf(fleet: LocalFleet, deps: LocalDeps): Promise<Standing> {
  const names = shardsOf(fleet).map(({ name }) => name);
  if (names.length === 0) return { unregistered: [], removed: [] };
  return await deps.standing(localTarget(fleet, `--dir ${fleet.directory}`), names);
}

async function refuseExited(fleet: LocalFleet, deps: LocalDeps): Promise<void> {
  const exited = await findExited(fleet.processes, deps);
  const [first] = exited;
  if (first !== undefined) throw await nodesExited(exited, first, "the others have a leader and continue");
}

const noteUnregistered = ({ name, files }: ProcessPlan): string =>
  `${name} serves and is not registered yet; its log: ${files.log}`;

async function findSilent(plans: readonly ProcessPlan[], deps: LocalDeps): Promise<ProcessPlan[]> {
  const serves = await Promise.all(plans.map(({ address }) => address === null || deps.isListening(address)));
  return plans.filter((_, at) => serves[at] === false);
}

const noteSilent = ({ name, files }: ProcessPlan): string =>
  `${name} runs but does not serve yet; its log: ${files.log}`;

/**
 * Never resolves: rejects when no quorum of coordinators runs, and stops checking once `signal` is aborted.
 */
async function watchQuorum(fleet: LocalFleet, deps: LocalDeps, signal: AbortSignal): Promise<never> {
  const coordinators = fleet.processes.filter((plan) => plan.role === "coordinator");
  const spare = Math.floor((coordinators.length - 1) / 2);
  while (!signal.aborted) {
    const exited = await findExited(coordinators, deps);
    const [first] = exited;
    if (first !== undefined && exited.length > spare)
      throw await nodesExited(exited, first, "too few coordinators are left for a quorum");
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  return new Promise<never>(() => {});
}

async function findExited(plans: readonly ProcessPlan[], deps: LocalDeps): Promise<ProcessPlan[]> {
  const states = await Promise.all(plans.map((plan) => inspectProcess(plan.files.pid, deps.processes)));
  return plans.filter((_, at) => states[at]?.kind !== "running");
}

async function nodesExited(
  exited: readonly ProcessPlan[],
  first: ProcessPlan,
  outcome: string,
): Promise<OperatorError> {
  return new OperatorError("NODES_EXITED", {
    what: `${exited.map((plan) => plan.name).join(", ")} exited: ${outcome}`,
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
    return `(unreadable: ${messageOf(error)})`;
  }
}
