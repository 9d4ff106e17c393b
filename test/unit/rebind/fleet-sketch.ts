// Fleets as advice on rebalancing sees them, in a few words: shard s1 runs short, s2 has room.

import type { FleetSeen, RebalanceLimits } from "../../../src/core/rebind/advice.ts";
import { adviseRebalance } from "../../../src/core/rebind/rebalance.ts";
import { Domain, ShardState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ClusterView,
  type DomainMachines,
  ShardView,
  Shortfall,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";

export const NOW = 10_000_000;
const LONG_AGO = NOW - 3_600_000;
export const LIMITS: RebalanceLimits = { minAgeCycles: 3, cooldownCycles: 8, maxMoves: 20 };

export interface ShardSketch {
  readonly region?: string;
  readonly state?: ShardState;
  readonly liveness?: ShardLiveness;
  readonly total?: number;
  readonly free?: number;
  readonly types?: Record<string, number>;
  readonly zones?: Record<string, number>;
  readonly clusters?: number;
  readonly cycleMs?: number;
  readonly domains?: readonly DomainMachines[];
}

export function shard(shardId: string, sketch: ShardSketch = {}): ShardView {
  const { region = "eu", state = ShardState.ACTIVE, liveness = ShardLiveness.ALIVE, free = 0 } = sketch;
  return ShardView.fromPartial({
    ...{ shard: { shardId, address: `${shardId}:1`, region, state }, liveness },
    observed: {
      ...{ reportedAtMs: NOW - 1_000, ageMs: 1_000, boundClusters: sketch.clusters ?? 1 },
      summary: {
        ...{ machinesTotal: sketch.total ?? free, machinesFree: free },
        ...{ freeByInstanceType: sketch.types ?? {}, freeByZone: sketch.zones ?? {} },
        ...{ cycleMs: sketch.cycleMs ?? 10_000, domains: [...(sketch.domains ?? [])] },
      },
    },
  });
}

export const lacks = (shardId: string, clusterId: string, machines: number, change: object = {}) => ({
  ...{ shardId, reportAgeMs: 1_000 },
  shortfall: Shortfall.fromPartial({
    clusterId,
    deficit: { machines },
    priority: 5,
    ageCycles: 10,
    ...change,
  }),
});

export const bound = (clusterId: string, shardId: string, change: object = {}) =>
  ClusterView.fromPartial({
    clusterId,
    declared: { clusterId, shardId, version: 1, sinceMs: LONG_AGO, ...change },
  });

export const domain = (key: string, value: string, shardId: string, change: object = {}) =>
  Domain.fromPartial({ key, value, shardId, version: 7, confirmedAtMs: LONG_AGO, ...change });

export const poor = shard("s1");
export const rich = shard("s2", { free: 50 });

export function seen(change: Partial<FleetSeen> = {}): FleetSeen {
  return {
    shards: [poor, rich],
    shortfalls: [lacks("s1", "c1", 4)],
    clusters: [bound("c1", "s1")],
    domains: [],
    ...change,
  };
}

/** Moves as "c1: s1>s2", and who is refused for what. */
export function advised(fleet: FleetSeen, limits: Partial<RebalanceLimits> = {}) {
  const { clusters, domains, refused } = adviseRebalance(fleet, { ...LIMITS, ...limits });
  return {
    moves: [
      ...domains.map(({ key, value, from, to }) => `${key}=${value}: ${from}>${to}`),
      ...clusters.map(({ cluster, from, to }) => `${cluster}: ${from}>${to}`),
    ],
    refused: refused.map(({ cluster, why }) => `${cluster}: ${why}`),
  };
}
