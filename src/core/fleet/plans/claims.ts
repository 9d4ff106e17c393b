// Which unfinished plan a cluster is in. It belongs to that plan: no other plan and no single rebind moves it.
// There are few unfinished plans, so each is asked; a plan that ends releases all its clusters at once.

import { type Plan, PlanState } from "../../wire/gen/fleet/v1/command.ts";
import { type Result, rejected } from "../result.ts";
import type { FleetView } from "../state.ts";
import { planStepKey } from "../tables/schema.ts";

export function isUnfinished({ state }: Readonly<Plan>): boolean {
  return state === PlanState.DRAFT || state === PlanState.RUNNING || state === PlanState.PAUSED;
}

/** The refusal for a cluster that an unfinished plan will move, or null. */
export function refuseClaimed({ tables }: Pick<FleetView, "tables">, clusterId: string): Result | null {
  for (const plan of tables.plans.rows()) {
    if (!isUnfinished(plan)) continue;
    if (tables.planSteps.get(planStepKey(plan.planId, clusterId)) === undefined) continue;
    return rejected("CLUSTER_CLAIMED", { cluster: clusterId, plan: plan.planId });
  }
  return null;
}
