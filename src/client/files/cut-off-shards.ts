// Shards of a local fleet that know only coordinators which have left. A shard knows those that it was started with, and
// the members that a leader named since. If every member was replaced while it was cut off, it finds no leader. Then it must
// start again with the list of fleet.yaml. A shard of an older build learns no members, and needs that after any such change.
// Absent: shards that still know one member, since any member names the leader.

import { readLearnedCoordinators } from "../../core/wire/leader/known-coordinators.ts";
import type { Processes } from "../processes/processes.ts";
import { inspectProcess } from "../processes/supervisor.ts";
import type { LocalFleet } from "./local-fleet.ts";
import type { ProcessPlan } from "./process-plan.ts";

export interface CutOffShard {
  readonly plan: ProcessPlan;
  /** The addresses that it knows. */
  readonly coordinators: readonly string[];
}

/** The running ones. Where the machine does not show how processes were started, none is found. */
export async function findCutOff(fleet: LocalFleet, processes: Processes): Promise<CutOffShard[]> {
  const members = new Set(fleet.file.nodes.map(({ address }) => address));
  const shards = fleet.processes.filter(({ role }) => role === "shard");
  const looked = await Promise.all(
    shards.map(async (plan) => ({ plan, coordinators: await knownTo(plan, processes) })),
  );
  return looked.filter(
    ({ coordinators }) => coordinators.length > 0 && coordinators.every((address) => !members.has(address)),
  );
}

async function knownTo(plan: ProcessPlan, processes: Processes): Promise<readonly string[]> {
  const given = await givenTo(plan, processes);
  return given.length === 0 ? [] : [...given, ...(await readLearnedCoordinators(plan.files.data, given))];
}

async function givenTo({ files }: ProcessPlan, processes: Processes): Promise<readonly string[]> {
  const state = await inspectProcess(files.pid, processes);
  if (state.kind !== "running") return [];
  const words = await processes.argumentsOf(state.identity.pid);
  const at = words.indexOf("--coordinators");
  return at === -1 ? [] : (words[at + 1] ?? "").split(",").filter((address) => address !== "");
}
