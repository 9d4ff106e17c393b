// Shards of a local fleet that know only coordinators which have left. A shard takes its list of coordinators when it
// starts. So once every member was replaced, it finds no leader until it starts again with the list of fleet.yaml.
// Absent: shards that still know one member, since any member names the leader.

import type { Processes } from "../processes/processes.ts";
import { inspectProcess } from "../processes/supervisor.ts";
import type { LocalFleet } from "./local-fleet.ts";
import type { ProcessPlan } from "./process-plan.ts";

export interface CutOffShard {
  readonly plan: ProcessPlan;
  /** The addresses that it was started with. */
  readonly coordinators: readonly string[];
}

/** The running ones. Where the machine does not show how processes were started, none is found. */
export async function findCutOff(fleet: LocalFleet, processes: Processes): Promise<CutOffShard[]> {
  const members = new Set(fleet.file.nodes.map(({ address }) => address));
  const shards = fleet.processes.filter(({ role }) => role === "shard");
  const looked = await Promise.all(
    shards.map(async (plan) => ({ plan, coordinators: await coordinatorsOf(plan, processes) })),
  );
  return looked.filter(
    ({ coordinators }) => coordinators.length > 0 && coordinators.every((address) => !members.has(address)),
  );
}

async function coordinatorsOf({ files }: ProcessPlan, processes: Processes): Promise<readonly string[]> {
  const state = await inspectProcess(files.pid, processes);
  if (state.kind !== "running") return [];
  const words = await processes.argumentsOf(state.identity.pid);
  const at = words.indexOf("--coordinators");
  return at === -1 ? [] : (words[at + 1] ?? "").split(",").filter((address) => address !== "");
}
