// Who runs a plan, and whether it runs (ADR-0040). What must stay true: only the newest runner's operations
// count. Its fence is the log index of the entry by which it took the plan, so a later runner has a higher one.

import {
  type EndPlan,
  type PausePlan,
  type Plan,
  PlanState,
  type RenewPlan,
  type TakePlan,
} from "../../wire/gen/fleet/v1/command.ts";
import { DETAIL_BYTES_MAX } from "../limits.ts";
import { isUnfinished } from "../plans/claims.ts";
import { planWord } from "../plans/step-word.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { isPrintable } from "../validate.ts";

/** Any caller that may do it; a runner has a fence. */
const NO_FENCE = 0;
const CAUSE = /^[A-Z][A-Z0-9_]{0,63}$/;

export function takePlan(state: FleetState, context: ApplyContext, operation: TakePlan): Result {
  const { planId, runner, expectedFence, rollBack } = operation;
  const { plans } = state.tables;
  const plan = plans.get(planId);
  if (plan === undefined) return unknown(planId);
  if (!isUnfinished(plan)) return ended(plan);
  if (!isPrintable(runner, DETAIL_BYTES_MAX)) return rejected("INVALID_PLAN", { field: "runner" });
  if (plan.fence !== expectedFence) return fenced(plan);
  const { added, steps } = plan;
  if (added < steps) return rejected("PLAN_INCOMPLETE", { plan: planId, added, steps });
  const rollingBack = plan.rollingBack || rollBack;
  const { index } = context;
  plans.put({
    ...plan,
    ...{ state: PlanState.RUNNING, rollingBack, fence: index, runner, cause: "", version: index },
  });
  return changed(index);
}

export function renewPlan(state: FleetState, { planId, fence }: RenewPlan): Result {
  const { plans } = state.tables;
  const plan = plans.get(planId);
  const refused = refuseRunner(plan, planId, fence);
  if (refused !== null) return refused;
  if (plan === undefined) return unknown(planId);
  plans.put({ ...plan, renewals: plan.renewals + 1 });
  return changed(plan.version);
}

export function pausePlan(state: FleetState, context: ApplyContext, operation: PausePlan): Result {
  const { planId, cause, fence } = operation;
  const { plans } = state.tables;
  const plan = plans.get(planId);
  if (plan === undefined) return unknown(planId);
  if (!isUnfinished(plan)) return ended(plan);
  if (cause !== "" && !CAUSE.test(cause)) return rejected("INVALID_PLAN", { field: "cause" });
  if (fence !== NO_FENCE && fence !== plan.fence) return fenced(plan);
  if (plan.state === PlanState.PAUSED) return unchanged(plan.version);
  if (plan.state !== PlanState.RUNNING) {
    return rejected("PLAN_NOT_RUNNING", { plan: planId, state: planWord(plan.state) });
  }
  plans.put({ ...plan, state: PlanState.PAUSED, cause, version: context.index });
  return changed(context.index);
}

/** Idempotent for a caller without a fence: an aborted plan is as wanted. */
export function endPlan(state: FleetState, context: ApplyContext, { planId, fence }: EndPlan): Result {
  const { plans } = state.tables;
  const plan = plans.get(planId);
  if (plan === undefined) return unknown(planId);
  if (fence === NO_FENCE && plan.state === PlanState.ABORTED) return unchanged(plan.version);
  if (!isUnfinished(plan)) return ended(plan);
  if (fence !== NO_FENCE && fence !== plan.fence) return fenced(plan);
  const left = fence === NO_FENCE ? 0 : leftOf(plan);
  if (left > 0) return rejected("PLAN_UNFINISHED", { plan: planId, left });
  const end = endOf(plan, fence);
  plans.put({ ...plan, state: end, cause: "", version: context.index });
  const begun = plan.underWay + plan.undoing;
  return changed(context.index, { state: planWord(end), ...(begun === 0 ? {} : { under_way: begun }) });
}

/** The refusal of a runner's operation, or null. */
export function refuseRunner(plan: Readonly<Plan> | undefined, planId: string, fence: number): Result | null {
  if (plan === undefined) return unknown(planId);
  if (!isUnfinished(plan)) return ended(plan);
  if (plan.fence === NO_FENCE) {
    return rejected("PLAN_NOT_RUNNING", { plan: planId, state: planWord(plan.state) });
  }
  return plan.fence === fence ? null : fenced(plan);
}

function leftOf({ rollingBack, steps, done, begun }: Readonly<Plan>): number {
  return rollingBack ? begun : steps - done;
}

function endOf({ rollingBack }: Readonly<Plan>, fence: number): PlanState {
  if (fence === NO_FENCE) return PlanState.ABORTED;
  return rollingBack ? PlanState.ROLLED_BACK : PlanState.DONE;
}

function unknown(planId: string): Result {
  return rejected("PLAN_UNKNOWN", { plan: planId.slice(0, DETAIL_BYTES_MAX) });
}

function ended({ planId, state }: Readonly<Plan>): Result {
  return rejected("PLAN_ENDED", { plan: planId, state: planWord(state) });
}

function fenced({ planId, runner, fence }: Readonly<Plan>): Result {
  return rejected("PLAN_FENCED", { plan: planId, runner, fence });
}
