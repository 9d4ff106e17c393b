// One step of a plan: the cluster's binding and the step change in one entry (ADR-0040). So no crash leaves a
// moved cluster whose step says that it waits. What must stay true: a step changes the binding only if it has the
// version that the step expects. The plan's counts are those of its steps.

import { assert } from "../../base/assert.ts";
import {
  type AdvanceStep,
  type Plan,
  PlanState,
  type PlanStep,
  PlanStepState,
} from "../../wire/gen/fleet/v1/command.ts";
import { stepWord } from "../plans/step-word.ts";
import { type ApplyContext, changed, type Facts, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { planStepKey } from "../tables/schema.ts";
import { declareOwner, settleMigration } from "./apply-binding.ts";
import { refuseRunner } from "./apply-plan-runner.ts";

const FAILURE = /^[A-Z][A-Z0-9_]{0,63}$/;

type Change = (
  state: FleetState,
  context: ApplyContext,
  plan: Readonly<Plan>,
  step: Readonly<PlanStep>,
) => Result;

/** Idempotent: a step that is in the wanted state is left alone. */
export function advanceStep(state: FleetState, context: ApplyContext, operation: AdvanceStep): Result {
  const { planId, fence, clusterId, to, failure } = operation;
  const { plans, planSteps } = state.tables;
  const plan = plans.get(planId);
  const refused = refuseRunner(plan, planId, fence);
  if (refused !== null || plan === undefined) return refused ?? rejected("PLAN_UNKNOWN", { plan: planId });
  const step = planSteps.get(planStepKey(planId, clusterId));
  if (step === undefined) return rejected("STEP_UNKNOWN", { plan: planId, cluster: clusterId });
  if (step.state === to) return unchanged(step.version);
  const change = changeTo(to, step);
  if (change === null) return stateInvalid(step, to);
  if (to === PlanStepState.FAILED && !FAILURE.test(failure))
    return rejected("INVALID_PLAN", { field: "failure" });
  const result = change(state, context, plan, step);
  if (result.$case === "rejected") return result;
  const next = { ...step, state: to, failure: to === PlanStepState.FAILED ? failure : "" };
  const version = to === PlanStepState.FAILED ? step.version : result.value.version;
  const row = { ...next, version, begun: isBegun(step, to) };
  planSteps.put(row);
  plans.put(recounted(plan, step, row));
  return changed(version, routeOf(step, to));
}

/** Null: no such edge. */
function changeTo(to: PlanStepState, { state, begun }: Readonly<PlanStep>): Change | null {
  const is = (...states: readonly PlanStepState[]) => states.includes(state);
  const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;
  switch (to) {
    case UNDER_WAY:
      return is(PENDING, FAILED) ? begin : null;
    case DONE:
      return is(UNDER_WAY) ? settle : null;
    case FAILED:
      return is(PENDING, UNDER_WAY, UNDOING) ? leave : null;
    case UNDOING:
      return begun && is(UNDER_WAY, DONE, FAILED) ? undo : null;
    case UNDONE:
      return is(UNDOING) ? settleUndo : null;
    case PENDING:
    case PlanStepState.UNSPECIFIED:
    case PlanStepState.UNRECOGNIZED:
      return null;
  }
}

const begin: Change = (state, context, plan, step) => {
  if (plan.rollingBack) return rejected("PLAN_ROLLS_BACK", { plan: plan.planId });
  const { fromShard, toShard } = step;
  const route = { fromShard, toShard, migrationId: migrationOf(step), supersedes: "" };
  return mayBegin(plan) ?? declareOwner(state, context, { ...rowOf(step), ...route }, false);
};

const settle: Change = (state, context, _plan, step) =>
  settleMigration(state, context, { ...rowOf(step), migrationId: migrationOf(step) });

const leave: Change = (_state, _context, _plan, step) => unchanged(step.version);

const undo: Change = (state, context, plan, step) => {
  if (!plan.rollingBack) return stateInvalid(step, PlanStepState.UNDOING);
  const { fromShard, toShard } = step;
  const migrationId = undoOf(step);
  const route = { fromShard: toShard, toShard: fromShard, migrationId, supersedes: migrationOf(step) };
  return mayBegin(plan, step) ?? declareOwner(state, context, { ...rowOf(step), ...route }, true);
};

const settleUndo: Change = (state, context, _plan, step) =>
  settleMigration(state, context, { ...rowOf(step), migrationId: undoOf(step) });

/** `step`: its cluster is counted already if it is under way. */
function mayBegin(plan: Readonly<Plan>, step?: Readonly<PlanStep>): Result | null {
  if (plan.state !== PlanState.RUNNING) return rejected("PLAN_PAUSED", { plan: plan.planId });
  const limit = plan.strategy?.maxUnavailable ?? 1;
  const others = plan.underWay + plan.undoing - (step?.state === PlanStepState.UNDER_WAY ? 1 : 0);
  return others < limit ? null : rejected("PLAN_AT_LIMIT", { plan: plan.planId, limit });
}

const rowOf = ({ clusterId, version }: Readonly<PlanStep>) => ({ clusterId, expectedVersion: version });
const migrationOf = ({ planId, number }: Readonly<PlanStep>) => `${planId}-${number}`;
const undoOf = (step: Readonly<PlanStep>) => `${migrationOf(step)}-undo`;

function isBegun({ begun }: Readonly<PlanStep>, to: PlanStepState): boolean {
  return to === PlanStepState.UNDER_WAY || (begun && to !== PlanStepState.UNDONE);
}

function recounted(plan: Readonly<Plan>, before: Readonly<PlanStep>, after: Readonly<PlanStep>): Plan {
  const moved = (state: PlanStepState) => Number(after.state === state) - Number(before.state === state);
  const counts = {
    underWay: plan.underWay + moved(PlanStepState.UNDER_WAY),
    done: plan.done + moved(PlanStepState.DONE),
    failed: plan.failed + moved(PlanStepState.FAILED),
    undoing: plan.undoing + moved(PlanStepState.UNDOING),
    undone: plan.undone + moved(PlanStepState.UNDONE),
    begun: plan.begun + Number(after.begun) - Number(before.begun),
  };
  assert(
    Object.values(counts).every((count) => count >= 0 && count <= plan.steps),
    "a plan has as many steps in a state as it counts",
  );
  return { ...plan, ...counts };
}

/** For the audit log, whose reader does not have the plan's rows. */
function routeOf(step: Readonly<PlanStep>, to: PlanStepState): Facts {
  const { UNDER_WAY, DONE, UNDOING, UNDONE } = PlanStepState;
  if (to === UNDER_WAY || to === DONE) {
    return { from_shard: step.fromShard, to_shard: step.toShard, migration_id: migrationOf(step) };
  }
  if (to !== UNDOING && to !== UNDONE) return {};
  return { from_shard: step.toShard, to_shard: step.fromShard, migration_id: undoOf(step) };
}

function stateInvalid({ clusterId, state }: Readonly<PlanStep>, to: PlanStepState): Result {
  return rejected("STEP_STATE_INVALID", { cluster: clusterId, state: stepWord(state), to: stepWord(to) });
}
