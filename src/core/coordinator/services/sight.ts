// What this replica sees of shards at this moment, and whether that is all of them.

import { ShardState } from "../../wire/gen/fleet/v1/command.ts";
import type { ServiceContext } from "./context.ts";
import type { Sight } from "./views.ts";

type Seer = Pick<ServiceContext, "driver" | "observed" | "now" | "leadsSince" | "liveness">;

export function sightOf({ driver, observed, now, leadsSince, liveness }: Seer): Sight {
  const nowMs = now();
  const { role, term } = driver.status();
  const leads = role === "leader";
  return { observed, nowMs, term, leadsForMs: leads ? nowMs - leadsSince() : null, liveness };
}

/** Whether this replica leads and has heard from every registered shard since it began to. */
export function isObservedComplete({ driver, machine, observed }: ServiceContext): boolean {
  if (driver.status().role !== "leader") return false;
  for (const { shardId, state } of machine.view.tables.shards.rows()) {
    if (state !== ShardState.REMOVED && observed.report(shardId) === undefined) return false;
  }
  return true;
}
