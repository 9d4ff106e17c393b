// Restarts the shards of a local fleet that know only coordinators which have left (../files/cut-off-shards.ts).

import { findCutOff } from "../files/cut-off-shards.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { stopProcess } from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";
import { STOP_GRACE_MS } from "./shut-down.ts";
import { type StartDeps, type Started, startPlans } from "./start-fleet.ts";

/** They start with the present list of coordinators. The caller holds the fleet's lock. */
export async function restartCutOff(
  fleet: LocalFleet,
  deps: StartDeps & Pick<LocalDeps, "clock">,
): Promise<Started> {
  const plans = (await findCutOff(fleet, deps.processes)).map(({ plan }) => plan);
  await Promise.all(plans.map(({ files }) => stopProcess(files.pid, STOP_GRACE_MS, deps)));
  await startPlans(fleet, plans, deps);
  const started = plans.map(({ name }) => name);
  const notes = started.map(
    (name) => `${name} was restarted: every coordinator that it knew has left the fleet`,
  );
  return { started, notes };
}
