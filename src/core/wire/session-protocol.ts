// What an agent and its shard must agree on beyond the messages themselves (shard.proto).

/** SessionHello.protocol_version. */
export const SESSION_PROTOCOL_VERSION = 1;

/** Agents ping so often; a shard measures silence by it. */
export const PING_INTERVAL_MS = 5_000;
/** Agents repeat their whole demand so often, so that a restarted shard knows it again. */
export const ROLLUP_INTERVAL_MS = 10_000;

/** Of one roll-up. */
export const DEMAND_GROUPS_MAX = 1_000;
/** Of one group: more than any fleet has, and small enough for every sum to be exact. */
export const DEMAND_COUNT_MAX = 1_000_000_000;
