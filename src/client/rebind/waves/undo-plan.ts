// The plan that undoes a finished one: the moves that were made, back to where they came from. A plan that is
// unfinished rolls back itself instead.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import { undoName } from "../../../core/rebind/plan.ts";
import type { WavePlan } from "../../../core/rebind/waves/wave-plan.ts";
import { type Plan, type PlanStep, PlanStepState } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { FleetReads } from "../look.ts";
import { bindingsHash } from "./bindings-hash.ts";
import { fromStored } from "./stored-plan.ts";

/** Its last moves come first. Throws NOTHING_TO_UNDO. */
export async function undoPlan(client: FleetReads, row: Plan, steps: readonly PlanStep[]): Promise<WavePlan> {
  const done = steps.filter(({ state }) => state === PlanStepState.DONE);
  if (done.length === 0) throw nothingToUndo(row.planId);
  const { clusters, stamp } = await client.listClusters();
  const bindings = clusters.flatMap(({ declared }) => (declared === undefined ? [] : [declared]));
  const { executor, preconditions, strategy } = fromStored(row);
  return {
    version: 2,
    name: undoName(row.planId),
    executor,
    base: {
      clusterId: stamp?.incarnation ?? "unknown",
      revision: stamp?.index ?? 0,
      bindingsHash: bindingsHash(bindings),
    },
    // A source may be drained, and has had room for its clusters before.
    preconditions: { ...preconditions, rooms: {} },
    strategy,
    moves: done.toReversed().map(({ clusterId, fromShard, toShard, version }) => {
      return { cluster: clusterId, from: toShard, to: fromShard, version };
    }),
  };
}

function nothingToUndo(planId: string): OperatorError {
  return new OperatorError("NOTHING_TO_UNDO", {
    what: `no cluster was moved by plan ${planId}`,
    next: `see its steps: fleet rebind status ${planId} --steps`,
    exit: Exit.Precondition,
  });
}
