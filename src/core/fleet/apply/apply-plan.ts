// Plans of migrations in waves, as they are uploaded (ADR-0040): a header, then the steps in slices. What must
// stay true: a cluster is in at most one unfinished plan. The oldest finished plans make room for new ones, so
// the tables stay bounded.

import { assert } from "../../base/assert.ts";
import {
  type AddPlanSteps,
  type CreatePlan,
  type NewPlanStep,
  type Plan,
  PlanState,
  PlanStepState,
} from "../../wire/gen/fleet/v1/command.ts";
import {
  PLAN_COMMAND_BYTES_MAX,
  PLAN_ID_LENGTH_MAX,
  PLAN_ROOMS_MAX,
  PLAN_STEPS_ADDED_MAX,
  PLAN_STEPS_KEPT_MAX,
  PLAN_STEPS_MAX,
  PLANS_MAX,
  PLANS_UNFINISHED_MAX,
} from "../limits.ts";
import { isUnfinished, refuseClaimed } from "../plans/claims.ts";
import { planWord } from "../plans/step-word.ts";
import { type ApplyContext, changed, type Result, rejected } from "../result.ts";
import type { FleetState } from "../state.ts";
import { checkNames, isPrintable } from "../validate.ts";

const HASH_BYTES_MAX = 64;
const CLUSTER_ID_BYTES_MAX = 253;

export function createPlan(state: FleetState, context: ApplyContext, operation: CreatePlan): Result {
  const { planId, base, preconditions, strategy, command, steps } = operation;
  const { plans } = state.tables;
  const refused = checkNames({ plan: planId }) ?? checkPlan(operation);
  if (refused !== null) return refused;
  if (plans.get(planId) !== undefined) return rejected("PLAN_EXISTS", { plan: planId });
  const noRoom = makeRoom(state, steps);
  if (noRoom !== null) return noRoom;
  plans.put({
    ...{ planId, base, preconditions, strategy, command, steps },
    ...{ state: PlanState.DRAFT, rollingBack: false, fence: 0, runner: "", renewals: 0, cause: "" },
    ...{ added: 0, underWay: 0, done: 0, failed: 0, undoing: 0, undone: 0, begun: 0 },
    ...{ by: context.actor, sinceMs: context.atMs, sinceIndex: context.index, version: context.index },
  });
  return changed(context.index);
}

export function addPlanSteps(state: FleetState, operation: AddPlanSteps): Result {
  const { planId, first, steps } = operation;
  const { plans, planSteps } = state.tables;
  const plan = plans.get(planId);
  if (plan === undefined) return rejected("PLAN_UNKNOWN", { plan: planId });
  if (plan.state !== PlanState.DRAFT) {
    return rejected("PLAN_EXISTS", { plan: planId, state: planWord(plan.state) });
  }
  if (first !== plan.added + 1) {
    return rejected("PLAN_STEPS_OUT_OF_ORDER", { plan: planId, added: plan.added, first });
  }
  const refused = checkSteps(state, plan, steps);
  if (refused !== null) return refused;
  for (const [at, { clusterId, fromShard, toShard, version }] of steps.entries()) {
    planSteps.put({
      ...{ planId, clusterId, number: first + at, fromShard, toShard, version },
      ...{ state: PlanStepState.PENDING, failure: "", begun: false },
    });
  }
  plans.put({ ...plan, added: plan.added + steps.length });
  return changed(plan.version);
}

function checkPlan({ planId, base, preconditions, strategy, command, steps }: CreatePlan): Result | null {
  if (planId.length > PLAN_ID_LENGTH_MAX) return invalid("name");
  const isBase =
    base !== undefined &&
    isPrintable(base.clusterId, CLUSTER_ID_BYTES_MAX) &&
    isPrintable(base.bindingsHash, HASH_BYTES_MAX);
  if (!isBase) return invalid("base");
  if (preconditions === undefined || preconditions.rooms.length > PLAN_ROOMS_MAX) {
    return invalid("preconditions");
  }
  for (const { shardId } of preconditions.rooms) {
    const unnamed = checkNames({ shard: shardId });
    if (unnamed !== null) return unnamed;
  }
  const isStrategy = strategy !== undefined && strategy.wave >= 1 && strategy.maxUnavailable >= 1;
  if (!isStrategy) return invalid("strategy");
  if (command !== "" && !isPrintable(command, PLAN_COMMAND_BYTES_MAX)) return invalid("command");
  return steps < 1 || steps > PLAN_STEPS_MAX ? invalid("number of steps") : null;
}

function checkSteps(
  state: FleetState,
  { steps: declared, added }: Readonly<Plan>,
  steps: readonly NewPlanStep[],
): Result | null {
  const isCounted = steps.length >= 1 && steps.length <= PLAN_STEPS_ADDED_MAX;
  if (!isCounted || added + steps.length > declared) return invalid("number of steps");
  const named = new Set<string>();
  for (const { clusterId, fromShard, toShard, version } of steps) {
    const refused =
      checkNames({ cluster: clusterId, shard: fromShard, "target shard": toShard }) ??
      refuseClaimed(state, clusterId);
    if (refused !== null) return refused;
    if (fromShard === toShard || version < 1 || named.has(clusterId)) return invalid(`step of ${clusterId}`);
    named.add(clusterId);
  }
  return null;
}

/** Removes the oldest finished plans until the new one fits. Refused, nothing is removed. */
function makeRoom({ tables }: FleetState, steps: number): Result | null {
  const { plans, planSteps } = tables;
  const rows = [...plans.rows()];
  const finished = rows.filter((row) => !isUnfinished(row)).sort((a, b) => a.sinceIndex - b.sinceIndex);
  if (rows.length - finished.length >= PLANS_UNFINISHED_MAX) {
    return rejected("TOO_MANY", { limit: PLANS_UNFINISHED_MAX, what: "unfinished plans" });
  }
  let count = rows.length;
  let kept = rows.reduce((sum, row) => sum + row.steps, 0);
  const removed: string[] = [];
  for (const plan of finished) {
    if (count < PLANS_MAX && kept + steps <= PLAN_STEPS_KEPT_MAX) break;
    removed.push(plan.planId);
    count -= 1;
    kept -= plan.steps;
  }
  if (kept + steps > PLAN_STEPS_KEPT_MAX) {
    return rejected("TOO_MANY", { limit: PLAN_STEPS_KEPT_MAX, what: "steps in all plans" });
  }
  assert(count < PLANS_MAX, "unfinished plans are fewer than plans may be");
  for (const planId of removed) {
    plans.remove(planId);
    planSteps.removeAll(planId);
  }
  return null;
}

const invalid = (field: string) => rejected("INVALID_PLAN", { field });
