// What this replica knows of shards at this moment, and whether it knows all of them.

import { elapsedMs } from "../../base/clock.ts";
import { ShardState } from "../../wire/gen/fleet/v1/command.ts";
import { BindingState, ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import type { ServiceContext } from "../calls/context.ts";
import { obeyedInstead, ownIncarnation } from "../calls/other-incarnation.ts";
import { livenessIn, type Sight } from "./views.ts";

type Seer = Pick<
  ServiceContext,
  "clusterId" | "driver" | "machine" | "observed" | "clock" | "leadsSince" | "liveness"
>;

export function sightOf(context: Seer): Sight {
  const { driver, observed, clock, leadsSince, liveness } = context;
  const nowMs = clock.monotonicMs();
  const { role, term } = driver;
  const leads = role === "leader";
  const leadsForMs = leads ? elapsedMs(leadsSince(), nowMs) : null;
  const incarnation = ownIncarnation(context);
  return { observed, nowMs, wallMs: clock.wallMs(), term, incarnation, leadsForMs, liveness };
}

/** How many of the shards that report to this replica obey another leader and ignore it. */
export function countDisobeying(context: Seer): number {
  const sight = sightOf(context);
  let count = 0;
  for (const report of sight.observed.reports()) if (obeyedInstead(report, sight) !== undefined) count += 1;
  return count;
}

/** Whether this replica leads and has heard every registered shard since it became leader. */
export function isObservedComplete({ driver, machine, observed }: ServiceContext): boolean {
  if (driver.role !== "leader") return false;
  for (const { shardId, state } of machine.view.tables.shards.rows()) {
    if (state !== ShardState.REMOVED && observed.report(shardId) === undefined) return false;
  }
  return true;
}

/**
 * Valid for this moment: whether this replica leads, and no other shard serves or holds the cluster, or may
 * do so since its last report. A removed shard may hold any cluster. A dead shard is not waited for:
 * otherwise it would lock the cluster out for good.
 */
export function nobodysBut(context: ServiceContext, but: string): (clusterId: string) => boolean {
  const sight = sightOf(context);
  if (sight.leadsForMs === null) return () => false;
  let areHeard: boolean | null = null;
  return (clusterId) => {
    if (isHeldElsewhere(sight, but, clusterId)) return false;
    // The same for all clusters; needs a pass over all shards.
    areHeard ??= areOthersHeard(context, sight, but);
    return areHeard;
  };
}

function isHeldElsewhere(sight: Sight, but: string, clusterId: string): boolean {
  for (const { shardId, bindings } of sight.observed.reportsOf(clusterId)) {
    const row = bindings.get(clusterId);
    const hasIt = row?.session === true || row?.state === BindingState.BOUND;
    if (shardId !== but && hasIt && livenessIn(sight, shardId) !== ShardLiveness.DEAD) return true;
  }
  return false;
}

function areOthersHeard({ machine }: ServiceContext, sight: Sight, but: string): boolean {
  for (const { shardId } of machine.view.tables.shards.rows()) {
    const liveness = livenessIn(sight, shardId);
    if (shardId !== but && liveness !== ShardLiveness.ALIVE && liveness !== ShardLiveness.DEAD) return false;
  }
  return true;
}
