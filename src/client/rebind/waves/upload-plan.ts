// Puts a plan into the fleet: its header, then its steps in slices. A plan that was interrupted meanwhile is a
// draft, and the same plan continues it.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import type { WavePlan } from "../../../core/rebind/waves/wave-plan.ts";
import { type Plan, PlanState } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { JournalClient } from "./journal.ts";
import { PlanJournal } from "./journal.ts";
import { isFinished, toStored } from "./stored-plan.ts";

/** As in src/core/fleet/limits.ts: an entry of this size is applied at once. */
const STEPS_PER_ENTRY = 256;
const DEADLINE_MS = 60_000;

/** Throws PLAN_EXISTS if the fleet has a plan of this name that is not an interrupted upload of this one. */
export async function refuseExisting(client: JournalClient, plan: WavePlan): Promise<void> {
  const known = await new PlanJournal(client, plan.name, "").find();
  if (known !== null && !continues(plan, known)) throw exists(known);
}

/** Throws PLAN_EXISTS for another plan of this name, and the fleet's refusals. */
export async function uploadPlan(
  client: JournalClient,
  plan: WavePlan,
  reason: string,
  onAdded: (added: number) => void = () => undefined,
): Promise<void> {
  const journal = new PlanJournal(client, plan.name, reason);
  const options = { reason, deadlineMs: DEADLINE_MS };
  const known = await journal.find();
  if (known !== null && !continues(plan, known)) throw exists(known);
  if (known === null) await create(client, plan, options);
  await addSteps(client, plan, known?.added ?? 0, options, onAdded);
}

/** For a plan that no file has: if the fleet refuses a step, the plan is aborted, because no command could continue it. */
export async function uploadOnce(client: JournalClient, plan: WavePlan, reason: string): Promise<void> {
  const journal = new PlanJournal(client, plan.name, reason);
  const options = { reason, deadlineMs: DEADLINE_MS };
  const known = await journal.find();
  if (known !== null) throw exists(known);
  await create(client, plan, options);
  try {
    await addSteps(client, plan, 0, options, () => undefined);
  } catch (error) {
    // The operator should read why a step was refused.
    await journal.end().catch(() => undefined);
    throw error;
  }
}

interface UploadOptions {
  readonly reason: string;
  readonly deadlineMs: number;
}

async function create(client: JournalClient, plan: WavePlan, options: UploadOptions): Promise<void> {
  await client.submit({ kind: { $case: "createPlan", value: toStored(plan) } }, options);
}

async function addSteps(
  client: JournalClient,
  plan: WavePlan,
  from: number,
  options: UploadOptions,
  onAdded: (added: number) => void,
): Promise<void> {
  for (let at = from; at < plan.moves.length; at += STEPS_PER_ENTRY) {
    const steps = plan.moves.slice(at, at + STEPS_PER_ENTRY).map(({ cluster, from, to, version }) => ({
      clusterId: cluster,
      fromShard: from,
      toShard: to,
      version,
    }));
    const value = { planId: plan.name, first: at + 1, steps };
    await client.submit({ kind: { $case: "addPlanSteps", value } }, options);
    onAdded(at + steps.length);
  }
}

function continues(plan: WavePlan, { state, base, steps }: Plan): boolean {
  const isSame = base?.bindingsHash === plan.base.bindingsHash && steps === plan.moves.length;
  return state === PlanState.DRAFT && isSame;
}

function exists(known: Plan): OperatorError {
  const { planId: name } = known;
  const status = `fleet rebind status ${name}`;
  return new OperatorError("PLAN_EXISTS", {
    what: `the fleet has a plan ${name} already${isFinished(known) ? ", which has ended" : ""}`,
    next: isFinished(known)
      ? `see how it ended: ${status}; make a new plan: fleet rebind plan`
      : `see how far it is: ${status}; continue it: fleet rebind resume ${name}`,
    exit: Exit.Precondition,
  });
}
