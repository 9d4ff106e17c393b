// What the leader says of the fleet's health, as the preconditions and the throttle of a plan ask for it.

import { type Health, UNKNOWN_HEALTH } from "../../../core/rebind/waves/preconditions.ts";
import type { FleetStatus } from "../../fleet-status.ts";
import { reignAgeMs } from "../../reign-age.ts";

export type HealthReader = () => Promise<Health>;

export function leaderHealth({ leader, nodes, tolerance }: FleetStatus): Health {
  const status = nodes.find(({ nodeId }) => nodeId !== null && nodeId === leader)?.status ?? null;
  if (status === null || tolerance === null) return UNKNOWN_HEALTH;
  const voters = status.followers.filter(({ learner }) => !learner);
  return {
    quorumMargin: tolerance.canLose,
    lag: Math.max(0, ...voters.map(({ lagEntries }) => lagEntries)),
    reignMs: reignAgeMs(status),
    commitMs: status.vitals?.commitP99Ms ?? null,
  };
}
