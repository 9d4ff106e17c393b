// What advice is made of: what one look at the fleet shows, within which limits to propose, and what comes of it.

import type { Domain } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardShortfall, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import type { DomainMove, NewMove } from "./plan.ts";

/** Every list is whole. */
export interface FleetSeen {
  readonly shards: readonly ShardView[];
  readonly shortfalls: readonly ShardShortfall[];
  readonly clusters: readonly ClusterView[];
  readonly domains: readonly Domain[];
}

export interface RebalanceLimits {
  readonly minAgeCycles: number;
  /** What changed its shard within so many cycles of that shard stays. */
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
  /** What was considered and is not proposed, the gravest first. */
  readonly refused: readonly Refused[];
}
