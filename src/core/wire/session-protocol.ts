// What an agent and its shard must agree on beyond the messages themselves (shard.proto).

import type { DemandGroup } from "./gen/fleet/v1/shard.ts";

/** SessionHello.protocol_version. */
export const SESSION_PROTOCOL_VERSION = 1;

/** Agents ping so often; a shard measures silence by it. */
export const PING_INTERVAL_MS = 5_000;
/** Agents repeat their whole demand so often, so that a restarted shard knows it again. */
export const ROLLUP_INTERVAL_MS = 10_000;

/** Of one roll-up. */
export const DEMAND_GROUPS_MAX = 1_000;
/** Of one roll-up's labels: what a shard keeps for each of its clusters. */
export const DEMAND_BYTES_MAX = 64 * 1024;
/** How an agent that runs calls itself. */
export const INSTANCE_CHARACTERS_MAX = 253;
/** Of one group: more than any fleet has, and small enough for every sum to be exact. */
export const DEMAND_COUNT_MAX = 1_000_000_000;

/** What the labels of a roll-up take. They are ASCII. */
export function demandBytes(groups: readonly DemandGroup[]): number {
  let bytes = 0;
  for (const { requirements } of groups) {
    for (const [key, value] of Object.entries(requirements)) bytes += key.length + value.length;
  }
  return bytes;
}
