// One plan's journal in the fleet, as its runner and other terminals see it (ADR-0040). Each change is one
// replicated operation with the runner's fence: after another runner has taken the plan, all are refused.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import {
  type Operation,
  type Plan,
  type PlanStep,
  PlanStepState,
} from "../../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient, Written } from "../../fleet-client.ts";

export type JournalClient = Pick<FleetClient, "submit" | "listPlans" | "listPlanSteps">;

type OperationKind = NonNullable<Operation["kind"]>;

const FAILURE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Throws PLAN_UNKNOWN. */
export function planIn({ plans }: { readonly plans: readonly Plan[] }, planId: string): Plan {
  return plans.find((plan) => plan.planId === planId) ?? planUnknown(planId);
}

/** In the plan's order. */
export async function stepsOf(
  client: Pick<FleetClient, "listPlanSteps">,
  planId: string,
): Promise<PlanStep[]> {
  const { steps } = await client.listPlanSteps({ filter: { planId } });
  return steps.sort((a, b) => a.number - b.number);
}

export class PlanJournal {
  readonly planId: string;
  readonly #client: JournalClient;
  readonly #reason: string;
  /** 0 = this process does not run the plan. */
  #fence = 0;

  constructor(client: JournalClient, planId: string, reason: string) {
    this.#client = client;
    this.planId = planId;
    this.#reason = reason;
  }

  get fence(): number {
    return this.#fence;
  }

  /** Null: there is no such plan, or it was trimmed. */
  async find(): Promise<Plan | null> {
    const { plans } = await this.#listed();
    return plans.find(({ planId }) => planId === this.planId) ?? null;
  }

  /** Throws PLAN_UNKNOWN. */
  async row(): Promise<Plan> {
    return planIn(await this.#listed(), this.planId);
  }

  /** In the plan's order. */
  steps(): Promise<PlanStep[]> {
    return stepsOf(this.#client, this.planId);
  }

  /** Becomes the plan's runner, unless its fence is another by now. */
  async take(expectedFence: number, runner: string, rollBack: boolean): Promise<void> {
    const value = { planId: this.planId, runner, expectedFence, rollBack };
    const { version } = await this.#submit({ $case: "takePlan", value });
    this.#fence = version;
  }

  async renew(): Promise<void> {
    await this.#submit({ $case: "renewPlan", value: this.#own() });
  }

  /** `cause`: a stable reason; empty = an operator wants it. */
  async pause(cause: string): Promise<void> {
    await this.#submit({ $case: "pausePlan", value: { ...this.#own(), cause } });
  }

  /** The runner's end; without a fence it aborts the plan. */
  async end(): Promise<void> {
    await this.#submit({ $case: "endPlan", value: this.#own() });
  }

  async advance(clusterId: string, to: PlanStepState, failure = "", deadlineMs?: number): Promise<void> {
    const stable = FAILURE.test(failure) ? failure : "FAILED";
    const value = { ...this.#own(), clusterId, to, failure: to === PlanStepState.FAILED ? stable : "" };
    await this.#submit({ $case: "advanceStep", value }, deadlineMs);
  }

  #listed() {
    return this.#client.listPlans({ filter: { prefix: this.planId } });
  }

  #own() {
    return { planId: this.planId, fence: this.#fence };
  }

  #submit(kind: OperationKind, deadlineMs?: number): Promise<Written> {
    const limit = deadlineMs === undefined ? {} : { deadlineMs };
    return this.#client.submit({ kind }, { reason: this.#reason, ...limit });
  }
}

function planUnknown(planId: string): never {
  throw new OperatorError("PLAN_UNKNOWN", {
    what: `the fleet has no plan ${planId}`,
    next: "see the plans: fleet rebind status",
    exit: Exit.NotFound,
  });
}
