// What commands and the dashboard do alike with a plan in waves: they check that it can begin, and run it to its end. What must
// stay true: the check writes nothing, and a plan that fails it is not put into the fleet.

import { systemWaitClock } from "../../../core/base/wait-clock.ts";
import type { WavePlan } from "../../../core/rebind/waves/wave-plan.ts";
import type { Plan, PlanStep } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../../fleet-client.ts";
import { openMover } from "../executor.ts";
import type { PlanJournal } from "./journal.ts";
import { type HealthReader, leaderHealth } from "./leader-health.ts";
import { runWaves, type WaveDeps, type WavesEnd } from "./run-waves.ts";
import { planChanges, requirePreconditions, staleWavePlan, thisRunner } from "./start-plan.ts";
import { fromStored } from "./stored-plan.ts";
import { refuseExisting } from "./upload-plan.ts";

/** How a run of a plan ended. */
export interface WavesReport {
  readonly plan: string;
  readonly result: WavesEnd["kind"];
  readonly why: string;
  readonly steps: number;
  readonly done: number;
  readonly undone: number;
  readonly failed: readonly PlanStep[];
}

/** Throws an OperatorError that says why the plan cannot begin. `remedy`: as requirePreconditions has it. */
export async function requireReady(client: FleetClient, plan: WavePlan, remedy: string): Promise<void> {
  // A plan that is running has changed the fleet itself: that is not what an operator should hear first.
  await refuseExisting(client, plan);
  const changes = await planChanges(client, plan);
  if (changes.length > 0) throw staleWavePlan(plan, changes);
  await requirePreconditions(client, plan, healthOf(client), remedy);
  // If the executor can't act here, that should be known before the plan is in the fleet.
  await openMover(plan.executor, client.target.directory);
}

/** Runs a plan that this process has taken: `row`, as takePlan returns it. */
export async function runTaken(
  client: FleetClient,
  journal: PlanJournal,
  row: Plan,
  watching: Pick<WaveDeps, "events" | "isStopping" | "skipFailed">,
): Promise<WavesReport> {
  const plan = fromStored(row);
  const end = await runWaves(plan, {
    ...{ ...watching, reads: client, journal, clock: systemWaitClock, runner: thisRunner() },
    mover: await openMover(plan.executor, client.target.directory),
    health: healthOf(client),
  });
  const { steps, done, undone } = await journal.row();
  return { plan: plan.name, result: end.kind, why: end.why, steps, done, undone, failed: end.failed };
}

const healthOf =
  (client: FleetClient): HealthReader =>
  async () =>
    leaderHealth(await client.status());
