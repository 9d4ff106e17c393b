// How long the leader has led, as it says itself. Pure.

import type { NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";

/** Null when it does not lead now, or its build does not say. */
export function reignAgeMs({ nodeId, vitals }: NodeStatus): number | null {
  const reign = vitals?.reigns.findLast(({ leaderId }) => leaderId === nodeId);
  return reign === undefined || reign.untilAgeMs !== undefined ? null : reign.fromAgeMs;
}
