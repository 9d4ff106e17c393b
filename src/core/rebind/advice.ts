// The types of advice: the observed fleet, the limits of a proposal, and its result.

import type { Domain } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardShortfall, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import type { DomainMove, NewMove } from "./plan.ts";

/** All lists are complete. */
export interface FleetSeen {
  readonly shards: readonly ShardView[];
  readonly shortfalls: readonly ShardShortfall[];
  readonly clusters: readonly ClusterView[];
  readonly domains: readonly Domain[];
}

export interface RebalanceLimits {
  readonly minAgeCycles: number;
  /** A cluster or domain stays if it changed its shard within this many cycles of that shard. */
  readonly cooldownCycles: number;
  readonly maxMoves: number;
}

interface Reasoned {
  /** A sentence without a full stop. */
  readonly why: string;
}

export type AdvisedDomain = DomainMove & Reasoned;
export type AdvisedCluster = NewMove & Reasoned;

export interface Refused extends Reasoned {
  readonly shard: string;
  readonly cluster: string;
  readonly requirements: string;
}

export interface Advice {
  readonly domains: readonly AdvisedDomain[];
  readonly clusters: readonly AdvisedCluster[];
  /** The refused proposals, the gravest first. */
  readonly refused: readonly Refused[];
}
