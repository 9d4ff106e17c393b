// What must be true before a drill breaks anything. It is possible here, the fleet is whole, no replica lags, and the
// quorum can stand it. Refusals change nothing.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type DrillSpec, missing, type Need, needsOf } from "../../core/drill/drill-spec.ts";
import type { NodeStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus } from "../fleet-status.ts";
import * as refuse from "./refusals.ts";

/** Entries that a follower may be behind while the fleet takes writes. */
const LAG_MAX = 1_000;

const LACKS: Readonly<Record<Need, string>> = {
  faults: "its coordinators were not started with --allow-faults",
  kill: 'its processes cannot be killed from here (no local fleet, and no hook "kill" in the context)',
  start: 'its processes cannot be started from here (no local fleet, and no hook "start" in the context)',
  stop: "its processes can be stopped in a local fleet only",
  pause: "its processes can be paused in a local fleet only",
  wipe: "data can be put aside in a local fleet only",
  agents: "it has no agents whose certificates are here",
  "own-process": "its coordinators run in one process (fleet init --in-process), so none can fail alone",
  "own-log":
    "its log is in etcd: coordinators neither replicate it nor keep it on disks, and one of them is enough; break etcd's members instead",
  shards: "it has no shards whose processes can be reached from here",
};

/** Why the drill is not possible here; null = it is. */
export function whyNot(spec: DrillSpec, can: ReadonlySet<Need>): string | null {
  const lacking = needsOf(spec).find((need) => !can.has(need));
  return lacking === undefined ? null : LACKS[lacking];
}

/** Why the drill would be refused as the fleet is now; null = it would not. */
export function whyNotNow(spec: DrillSpec, can: ReadonlySet<Need>, status: FleetStatus): string | null {
  const never = whyNot(spec, can);
  if (never !== null) return never;
  try {
    leaderFor(spec, status);
    return null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return `${error.parts.what}: ${error.parts.why}`;
  }
}

export function assertPossible(spec: DrillSpec, can: ReadonlySet<Need>, fleet: string): void {
  const why = whyNot(spec, can);
  if (why === null) return;
  throw new OperatorError("DRILL_NOT_POSSIBLE", {
    what: `${spec.name} is not possible with ${fleet}`,
    why,
    next: "see which drills are possible here: fleet drill list",
    exit: Exit.Precondition,
  });
}

/** Asks for each permission that the drill's writes need. Throws GRANT_MISSING, ROLE_MISSING or ADMINISTRATOR_ONLY. */
export async function assertAllowed(
  { name, act }: DrillSpec,
  client: Pick<FleetClient, "transferLeadership" | "tryOut">,
): Promise<void> {
  await client.tryOut({ kind: { $case: "clearProbes", value: { drillId: name } } }, { reason: name });
  if (act.kind !== "transfer") return;
  await client.transferLeadership({ toNode: "", fromNode: "", reason: name, dryRun: true });
}

export interface LeaderNow {
  readonly name: string;
  readonly term: number;
  readonly commitIndex: number;
}

/** The leader, if the fleet can stand the drill. Throws NO_QUORUM_TO_SPARE or FLEET_NOT_WHOLE. */
export function leaderFor(spec: DrillSpec, status: FleetStatus): LeaderNow {
  const leader = leaderOf(status);
  const voters = (leader?.members ?? []).filter((member) => !member.learner).map((member) => member.nodeId);
  const quorum = Math.floor(voters.length / 2) + 1;
  const following = status.nodes.filter(
    (node) => voters.includes(node.nodeId ?? 0) && node.status?.leaderId === leader?.nodeId,
  ).length;
  const needed = spec.expects === "stop" ? voters.length : quorum + missing(spec, voters.length);
  if (leader === null || following < needed) {
    const isLed = leader !== null;
    const left = following - missing(spec, voters.length);
    throw refuse.noQuorumToSpare({ isLed, following, voters: voters.length, quorum, left });
  }
  const late = status.nodes.find(({ lag }) => lag !== null && lag > LAG_MAX);
  if (late !== undefined) throw refuse.lagging(late.name, late.lag ?? 0);
  return { name: leader.nodeName, term: leader.term, commitIndex: leader.commitIndex };
}

/** Throws LEADER_NOT_STEADY unless the same leader's term is seen again. */
export function assertSteady(term: number, seenLater: number): void {
  if (seenLater !== term) throw refuse.notSteady();
}

export function leaderOf(status: FleetStatus): NodeStatus | null {
  return status.nodes.find((node) => node.nodeId === status.leader)?.status ?? null;
}
