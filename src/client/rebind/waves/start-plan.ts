// Whether a plan may begin now, and by whom it is taken. What must stay true: a plan that no longer fits the
// fleet changes nothing, and a runner that is alive is not replaced by accident.

import { hostname } from "node:os";
import { Exit, OperatorError } from "../../../core/base/errors.ts";
import type { WaitClock } from "../../../core/base/wait-clock.ts";
import { changesSince, type PlanChange } from "../../../core/rebind/waves/plan-changes.ts";
import { lackingRoom, unmet } from "../../../core/rebind/waves/preconditions.ts";
import type { WavePlan } from "../../../core/rebind/waves/wave-plan.ts";
import { type Plan, PlanState } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { FleetReads } from "../look.ts";
import type { PlanJournal } from "./journal.ts";
import type { HealthReader } from "./leader-health.ts";
import { SILENT_AFTER_MS } from "./silent-runners.ts";

const SHOWN = 5;
const LOOK_EVERY_MS = 500;

export const thisRunner = (): string => `${hostname()}:${process.pid}`;

/** What has changed since the plan was made, as far as it matters to it. */
export async function planChanges(client: FleetReads, plan: WavePlan): Promise<readonly PlanChange[]> {
  const { clusters, stamp } = await client.listClusters();
  const rows = new Map(clusters.map(({ clusterId, declared }) => [clusterId, declared ?? null]));
  return changesSince(plan, {
    clusterId: stamp?.incarnation ?? "unknown",
    binding: (cluster) => rows.get(cluster) ?? null,
  });
}

/** Throws PRECONDITIONS_UNMET. `remedy`: how the operator changes the preconditions; empty = not at all. */
export async function requirePreconditions(
  client: FleetReads,
  { name, preconditions }: Pick<WavePlan, "name" | "preconditions">,
  health: HealthReader,
  remedy: string,
): Promise<void> {
  const { shards } = await client.listShards();
  const free = new Map(
    shards.map(({ shard, observed }) => [shard?.shardId ?? "", observed?.summary?.machinesFree ?? null]),
  );
  const whys = [
    ...unmet(preconditions, await health()),
    ...lackingRoom(preconditions, (shard) => free.get(shard) ?? null),
  ];
  if (whys.length === 0) return;
  throw new OperatorError("PRECONDITIONS_UNMET", {
    what: `the preconditions of plan ${name} do not hold; nothing was changed`,
    why: whys.join("; "),
    next: `try again later${remedy === "" ? "" : `, or ${remedy}`}; see: fleet status, fleet shard list`,
    exit: Exit.Precondition,
  });
}

export function staleWavePlan({ name, moves }: WavePlan, changes: readonly PlanChange[]): OperatorError {
  const rest = changes.length > SHOWN ? `; and ${changes.length - SHOWN} more` : "";
  const all = changes.slice(0, SHOWN).map(({ cluster, reason, why }) => {
    return `${cluster === "" ? "" : `${cluster}: `}${reason}: ${why}`;
  });
  const count = changes.some(({ cluster }) => cluster === "") ? "all" : `${changes.length}`;
  return new OperatorError("PLAN_STALE", {
    what: `plan ${name} no longer fits: ${count} of its ${moves.length} moves; nothing was changed`,
    why: `${all.join("; ")}${rest}`,
    next: "make a new plan with: fleet rebind plan",
    exit: Exit.Precondition,
  });
}

/**
 * Takes a plan that another process may be running. Waits until that one has paused or has stopped renewing;
 * throws PLAN_IN_USE if it does neither. `onWait` gets what is waited for.
 */
export async function takePlan(
  journal: PlanJournal,
  rollBack: boolean,
  clock: WaitClock,
  onWait: (why: string) => void,
): Promise<Plan> {
  let row = await journal.row();
  const silentSinceMs = clock.now();
  let said = false;
  while (row.state === PlanState.RUNNING && clock.now() - silentSinceMs < SILENT_AFTER_MS) {
    if (!said) onWait(`plan ${row.planId} was being run by ${row.runner}: checking whether it still is`);
    said = true;
    await clock.sleep(LOOK_EVERY_MS);
    const now = await journal.row();
    if (now.fence !== row.fence || now.renewals !== row.renewals) throw inUse(now);
    row = now;
  }
  await journal.take(row.fence, thisRunner(), rollBack);
  return await journal.row();
}

/** Pauses a plan and waits until its runner has finished what is under way, or is gone. */
export async function quiesce(
  journal: PlanJournal,
  clock: WaitClock,
  onWait: (why: string) => void,
): Promise<void> {
  let row = await journal.row();
  if (row.state === PlanState.RUNNING) {
    onWait(`pausing plan ${row.planId}, which ${row.runner} runs`);
    await journal.pause("");
  }
  let silentSinceMs = clock.now();
  while (row.underWay + row.undoing > 0 && clock.now() - silentSinceMs < SILENT_AFTER_MS) {
    await clock.sleep(LOOK_EVERY_MS);
    const now = await journal.row();
    if (now.renewals !== row.renewals) silentSinceMs = clock.now();
    row = now;
  }
}

function inUse({ planId, runner }: Plan): OperatorError {
  return new OperatorError("PLAN_IN_USE", {
    what: `plan ${planId} is being run by ${runner}`,
    next: `watch it: fleet rebind status ${planId}; pause it: fleet rebind pause ${planId}`,
    exit: Exit.Precondition,
  });
}
