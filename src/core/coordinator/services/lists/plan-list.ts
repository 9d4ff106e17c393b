// Migrations in waves, and the steps of one of them.

import { status } from "@grpc/grpc-js";
import { planStepKey } from "../../../fleet/tables/schema.ts";
import { PlanState, type PlanStep } from "../../../wire/gen/fleet/v1/command.ts";
import type {
  ListPlanStepsResponse,
  ListPlansResponse,
  ListRequest,
  PlanRunner,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { filterOf } from "../../calls/filter.ts";
import { isText, pageOf } from "../../calls/page.ts";
import { readable, readableWithReports } from "../../calls/reads.ts";

export async function plansList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListPlansResponse> {
  const filter = filterOf(request, ["prefix"]);
  const stamp = await readableWithReports(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "plans", isKey: isText },
    from: (from) => context.machine.view.tables.plans.rows(from),
    keyOf: (row) => row.planId,
    matches: (row) => row.planId.startsWith(filter.prefix),
  });
  return { stamp, plans: rows, nextPageToken, runners: runnersNow(context) };
}

/** Only few plans are unfinished. */
function runnersNow({ driver, machine, planRunners, leadsSince, clock }: ServiceContext): PlanRunner[] {
  if (driver.role !== "leader") return [];
  const nowMs = clock.monotonicMs();
  return [...machine.view.tables.plans.rows()]
    .filter(({ state }) => state === PlanState.RUNNING)
    .map(({ planId }) => ({ planId, silentMs: planRunners.silentMs(planId, leadsSince(), nowMs) }));
}

/** Only one plan's: all plans together have too many rows to read. */
export async function planStepsList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListPlanStepsResponse> {
  const { planId, prefix } = filterOf(request, ["planId", "prefix"]);
  if (planId === "") throw rpcError(status.INVALID_ARGUMENT, "PLAN_MISSING", "the request names no plan");
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "plan-steps", isKey: isText },
    from: (from) => stepsOf(context, planId, from),
    keyOf: (row) => planStepKey(row.planId, row.clusterId),
    matches: (row) => row.clusterId.startsWith(prefix),
  });
  return { stamp, steps: rows, nextPageToken };
}

function* stepsOf(
  { machine }: ServiceContext,
  planId: string,
  from: string | undefined,
): Iterable<Readonly<PlanStep>> {
  const first = planStepKey(planId, "");
  // A token of another plan's list may lie before this plan's rows.
  const start = from !== undefined && from > first ? from : first;
  for (const row of machine.view.tables.planSteps.rows(start)) {
    if (row.planId !== planId) return;
    yield row;
  }
}
