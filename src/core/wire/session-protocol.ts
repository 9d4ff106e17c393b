// What an agent and its shard must agree on beyond the messages in shard.proto.

import type { DemandGroup } from "./gen/fleet/v1/shard.ts";

/** SessionHello.protocol_version. */
export const SESSION_PROTOCOL_VERSION = 1;

/** Interval of an agent's pings; a shard measures silence by it. */
export const PING_INTERVAL_MS = 5_000;
/** Interval at which agents repeat their whole demand, so that a restarted shard soon knows it again. */
export const ROLLUP_INTERVAL_MS = 10_000;

/** In one roll-up. */
export const DEMAND_GROUPS_MAX = 1_000;
/** For one roll-up's labels, which a shard keeps for each of its clusters. */
export const DEMAND_BYTES_MAX = 64 * 1024;
/** Limit of a running agent's instance id. */
export const INSTANCE_CHARACTERS_MAX = 253;
/** For one group: more machines than any fleet has, and small enough that every sum is exact. */
export const DEMAND_COUNT_MAX = 1_000_000_000;

/** Bytes of a roll-up's labels. They are ASCII. */
export function demandBytes(groups: readonly DemandGroup[]): number {
  let bytes = 0;
  for (const { requirements } of groups) {
    for (const [key, value] of Object.entries(requirements)) bytes += key.length + value.length;
  }
  return bytes;
}
