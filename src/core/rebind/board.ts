// The observed fleet with the proposals so far applied to it. It says which shards are short, and which shard would own
// which domain. It also says how much room and how many moves are left. Must stay true: a shortage is open until some
// move answers it.

import type { Domain } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import type { AdvisedCluster, AdvisedDomain, FleetSeen, RebalanceLimits } from "./advice.ts";
import { labelName } from "./room.ts";
import { byGravity, type Shortage, shortagesOf } from "./shortage.ts";
import { Targets } from "./targets.ts";

/** Assumed for a shard that does not report the length of its cycles: the default of shards. */
const CYCLE_MS_ASSUMED = 10_000;

export class Board {
  readonly targets: Targets;
  /** The gravest first. */
  readonly shortages: readonly Shortage[];
  readonly #limits: RebalanceLimits;
  readonly #shards: ReadonlyMap<string, ShardView>;
  readonly #clusters: ReadonlyMap<string, ClusterView>;
  readonly #domains: ReadonlyMap<string, Domain>;
  /** The leader's clock at that time: the only clock that the rows' times may be compared with. */
  readonly #nowMs: number;
  /** The shortages that no move answers yet, by shard. */
  readonly #open: Map<string, Shortage[]>;
  readonly #advisedDomains = new Map<string, AdvisedDomain>();
  readonly #advisedClusters = new Map<string, AdvisedCluster>();

  constructor({ shards, shortfalls, clusters, domains }: FleetSeen, limits: RebalanceLimits) {
    this.#limits = limits;
    this.#shards = new Map(shards.map((view) => [view.shard?.shardId ?? "", view]));
    this.#clusters = new Map(clusters.map((view) => [view.clusterId, view]));
    this.#domains = new Map(domains.map((domain) => [labelName(domain.key, domain.value), domain]));
    this.targets = new Targets(shards, (key, value) => this.#ownerOf(key, value));
    this.#nowMs = Math.max(
      0,
      ...shards.map(({ observed }) => (observed ? observed.reportedAtMs + observed.ageMs : 0)),
    );
    this.shortages = shortagesOf(shortfalls).sort(byGravity);
    this.#open = Map.groupBy(this.shortages, ({ shardId }) => shardId);
  }

  get advisedDomains(): AdvisedDomain[] {
    return [...this.#advisedDomains.values()];
  }

  get advisedClusters(): AdvisedCluster[] {
    return [...this.#advisedClusters.values()];
  }

  get movesLeft(): number {
    return this.#limits.maxMoves - this.#advisedDomains.size - this.#advisedClusters.size;
  }

  shard(shardId: string): ShardView | undefined {
    return this.#shards.get(shardId);
  }

  cluster(clusterId: string): ClusterView | undefined {
    return this.#clusters.get(clusterId);
  }

  /** The row as it was seen, before any proposal. */
  domain(key: string, value: string): Domain | undefined {
    return this.#domains.get(labelName(key, value));
  }

  isDomainAdvised(key: string, value: string): boolean {
    return this.#advisedDomains.has(labelName(key, value));
  }

  isClusterAdvised(clusterId: string): boolean {
    return this.#advisedClusters.has(clusterId);
  }

  adviseDomain(move: AdvisedDomain, answered: readonly Shortage[]): void {
    this.#advisedDomains.set(labelName(move.key, move.value), move);
    this.#close(move.to, answered);
  }

  adviseCluster(move: AdvisedCluster, answered: readonly Shortage[]): void {
    this.#advisedClusters.set(move.cluster, move);
    this.#close(move.from, answered);
  }

  openAt(shardId: string): readonly Shortage[] {
    return this.#open.get(shardId) ?? [];
  }

  /** Why the thing that `shardId` got at `changedAtMs` must stay there; null = its cooldown has passed. */
  coolsDown(shardId: string, changedAtMs: number): string | null {
    const cycleMs = this.#shards.get(shardId)?.observed?.summary?.cycleMs || CYCLE_MS_ASSUMED;
    const cooldownMs = this.#limits.cooldownCycles * cycleMs;
    const agoMs = this.#nowMs - changedAtMs;
    if (agoMs >= cooldownMs) return null;
    const [ago, wait] = [agoMs, cooldownMs].map((ms) => Math.floor(ms / 1_000));
    return `it moved to its shard ${ago} s ago, and stays there for ${wait} s`;
  }

  #ownerOf(key: string, value: string): string | undefined {
    return this.#advisedDomains.get(labelName(key, value))?.to ?? this.domain(key, value)?.shardId;
  }

  #close(shardId: string, answered: readonly Shortage[]): void {
    this.#open.set(
      shardId,
      this.openAt(shardId).filter((open) => !answered.includes(open)),
    );
  }
}
