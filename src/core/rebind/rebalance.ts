// Advice for a fleet whose shards run short: which domains and clusters could go from a shard that can't serve them to
// one with room. Demand moves, machines do not. The domains that a shortfall's requirements name go first, since they are
// the smaller part; else its cluster goes. Nothing here moves anything: the advice is a plan that an operator reads.
// What must stay true: room is given away once; nothing is proposed to a shard that is not known to be alive and
// active; what moved lately stays, so that advice followed twice does not send demand back and forth.

import type { Domain } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardShortfall, ShardView } from "../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../wire/gen/fleet/v1/views.ts";
import type { DomainMove, NewMove } from "./plan.ts";
import type { Room } from "./room.ts";
import {
  byGravity,
  fixedBecause,
  machinesOf,
  needOf,
  requirementsInWords,
  type Shortage,
  shortagesOf,
} from "./shortage.ts";
import { domainName, inShort, Targets } from "./targets.ts";

/** What one look at the fleet shows; every list is whole. */
export interface FleetSeen {
  readonly shards: readonly ShardView[];
  readonly shortfalls: readonly ShardShortfall[];
  readonly clusters: readonly ClusterView[];
  readonly domains: readonly Domain[];
}

export interface RebalanceLimits {
  readonly minAgeCycles: number;
  /** What changed its shard so lately stays. */
  readonly cooldownMs: number;
  readonly maxMoves: number;
}

interface Reasoned {
  /** A sentence without a full stop. */
  readonly why: string;
}

export interface Refused extends Reasoned {
  readonly shard: string;
  readonly cluster: string;
  readonly requirements: string;
}

export interface Advice {
  readonly domains: readonly (DomainMove & Reasoned)[];
  readonly clusters: readonly (NewMove & Reasoned)[];
  /** What was considered and is not proposed, the gravest first. */
  readonly refused: readonly Refused[];
}

export function adviseRebalance(seen: FleetSeen, limits: RebalanceLimits): Advice {
  return new Planner(seen, limits).advise();
}

class Planner {
  readonly #limits: RebalanceLimits;
  readonly #shards: ReadonlyMap<string, ShardView>;
  readonly #clusters: ReadonlyMap<string, ClusterView>;
  readonly #domains: ReadonlyMap<string, Domain>;
  readonly #targets: Targets;
  /** The leader's clock at the look: the only one that the rows' times may be compared with. */
  readonly #nowMs: number;
  readonly #shortages: readonly Shortage[];
  /** Those that stay unless something moves them, by shard. */
  readonly #open: Map<string, Shortage[]>;
  readonly #moved = {
    domains: new Map<string, DomainMove & Reasoned>(),
    clusters: new Map<string, NewMove & Reasoned>(),
  };
  readonly #refused: Refused[] = [];

  constructor({ shards, shortfalls, clusters, domains }: FleetSeen, limits: RebalanceLimits) {
    this.#limits = limits;
    this.#shards = new Map(shards.map((view) => [view.shard?.shardId ?? "", view]));
    this.#clusters = new Map(clusters.map((view) => [view.clusterId, view]));
    this.#domains = new Map(domains.map((domain) => [domainName(domain.key, domain.value), domain]));
    const ownerOf = (key: string, value: string) => this.#ownerOf(key, value);
    this.#targets = new Targets(shards, ownerOf);
    this.#nowMs = Math.max(
      0,
      ...shards.map(({ observed }) => (observed ? observed.reportedAtMs + observed.ageMs : 0)),
    );
    this.#shortages = shortagesOf(shortfalls).sort(byGravity);
    this.#open = Map.groupBy(this.#shortages, ({ shardId }) => shardId);
  }

  advise(): Advice {
    for (const shortage of this.#shortages) this.#consider(shortage);
    const { domains, clusters } = this.#moved;
    return { domains: [...domains.values()], clusters: [...clusters.values()], refused: this.#refused };
  }

  #consider(shortage: Shortage): void {
    // It goes with a move that is proposed already.
    if (!this.#openAt(shortage.shardId).includes(shortage)) return;
    const why = this.#staysBecause(shortage) ?? this.#proposeFor(shortage);
    if (why === null) return;
    const { shardId: shard, clusterId: cluster, requirements } = shortage;
    this.#refused.push({ shard, cluster, requirements: requirementsInWords(requirements), why });
  }

  /** Null once a move is proposed, as of all that follow; otherwise why there is none. */
  #proposeFor(shortage: Shortage): string | null {
    const domainsStay = this.#proposeDomains(shortage);
    if (domainsStay === null) return null;
    const clusterStays = this.#proposeCluster(shortage);
    if (clusterStays === null) return null;
    return [
      ...(domainsStay === "" ? [] : [`its domains: ${domainsStay}`]),
      `cluster ${shortage.clusterId}: ${clusterStays}`,
    ].join("; ");
  }

  #staysBecause(shortage: Shortage): string | null {
    const { minAgeCycles, maxMoves } = this.#limits;
    const fixed = fixedBecause(shortage);
    if (fixed !== null) return fixed;
    if (shortage.ageCycles < minAgeCycles) {
      return `it has lasted ${shortage.ageCycles} cycles, and may pass: advice begins at ${minAgeCycles}`;
    }
    if (this.#shards.get(shortage.shardId)?.liveness !== ShardLiveness.ALIVE) {
      return `shard ${shortage.shardId} is not known to be alive: what it last told is history`;
    }
    return this.#movesLeft === 0 ? `the plan has its ${maxMoves} moves already` : null;
  }

  /** All domains of the shard that the requirements name, together: the demand is met only where all of them are. */
  #proposeDomains({ shardId: from, requirements }: Shortage): string | null {
    const named = Object.entries(requirements).flatMap(([key, value]) => {
      const domain = this.#domains.get(domainName(key, value));
      return domain !== undefined && this.#ownerOf(key, value) === from ? [domain] : [];
    });
    if (named.length === 0) return "";
    const going = this.#openAt(from).filter((open) =>
      named.some(({ key, value }) => open.requirements[key] === value),
    );
    const stay = this.#domainsStayBecause(named) ?? this.#fixedBecause(going);
    if (stay !== null) return stay;
    const target = this.#targets.find(from, going.map(needOf), named);
    if (!target.found) return target.why;
    const { shardId: to, isNear, room } = target;
    const why = `${from} lacks ${machinesOf(going)} machines for ${whatIsShort(going)}; ${roomInWords(to, room, isNear)}`;
    this.#targets.give(to, room);
    this.#close(from, going);
    for (const { key, value, version } of named) {
      this.#moved.domains.set(domainName(key, value), { key, value, from, to, version, why });
    }
    return null;
  }

  #domainsStayBecause(named: readonly Domain[]): string | null {
    if (this.#movesLeft < named.length) return `the plan has no place for ${named.length} more moves`;
    for (const { key, value, shardId, confirmedAtMs } of named) {
      if (confirmedAtMs === 0) return `shard ${shardId} has not confirmed ${key}=${value} yet`;
      const cooling = this.#isCoolingDown(confirmedAtMs);
      if (cooling !== null) return `${key}=${value}: ${cooling}`;
    }
    return null;
  }

  /** The whole cluster, with all that it lacks and an estimate of what it has. */
  #proposeCluster({ shardId: from, clusterId: cluster }: Shortage): string | null {
    const cannot = this.#clusterStaysBecause(cluster, from);
    const going = this.#openAt(from).filter((open) => open.clusterId === cluster);
    const fixed = cannot ?? this.#fixedBecause(going);
    if (fixed !== null) return fixed;
    const held = this.#heldAbout(from);
    const target = this.#targets.find(from, [...going.map(needOf), { machines: held, requirements: {} }], []);
    if (!target.found) return target.why;
    const { shardId: to, isNear, room } = target;
    const lack = `${from} lacks ${machinesOf(going)} machines for ${whatIsShort(going)}`;
    const why = `${lack}, and a cluster has about ${held} there; ${roomInWords(to, room, isNear)}`;
    this.#targets.give(to, room);
    this.#close(from, going);
    this.#moved.clusters.set(cluster, { cluster, from, to, why });
    return null;
  }

  #clusterStaysBecause(cluster: string, from: string): string | null {
    const declared = this.#clusters.get(cluster)?.declared;
    if (declared === undefined) return "it is not bound to any shard";
    if (this.#moved.clusters.has(cluster)) return "its move is proposed already";
    if (declared.migration !== undefined) return `migration ${declared.migration.migrationId} is under way`;
    if (declared.shardId !== from)
      return `shard ${declared.shardId} is declared its owner: settle the drift first`;
    return this.#isCoolingDown(declared.sinceMs);
  }

  #fixedBecause(going: readonly Shortage[]): string | null {
    for (const shortage of going) {
      const fixed = fixedBecause(shortage);
      if (fixed !== null) return `cluster ${shortage.clusterId}'s demand would go too, and ${fixed}`;
    }
    return null;
  }

  #isCoolingDown(changedAtMs: number): string | null {
    const agoMs = this.#nowMs - changedAtMs;
    if (agoMs >= this.#limits.cooldownMs) return null;
    const [ago, wait] = [agoMs, this.#limits.cooldownMs].map((ms) => Math.floor(ms / 1_000));
    return `it got its shard ${ago} s ago, and stays for ${wait} s`;
  }

  // Reports do not say which cluster has which machines: the shard's mean is all there is to go by.
  #heldAbout(shardId: string): number {
    const { summary, boundClusters = 0 } = this.#shards.get(shardId)?.observed ?? {};
    if (summary === undefined) return 0;
    return Math.ceil(Math.max(0, summary.machinesTotal - summary.machinesFree) / Math.max(1, boundClusters));
  }

  get #movesLeft(): number {
    return this.#limits.maxMoves - this.#moved.domains.size - this.#moved.clusters.size;
  }

  #ownerOf(key: string, value: string): string | undefined {
    const name = domainName(key, value);
    return this.#moved.domains.get(name)?.to ?? this.#domains.get(name)?.shardId;
  }

  #openAt(shardId: string): readonly Shortage[] {
    return this.#open.get(shardId) ?? [];
  }

  #close(shardId: string, gone: readonly Shortage[]): void {
    this.#open.set(
      shardId,
      this.#openAt(shardId).filter((open) => !gone.includes(open)),
    );
  }
}

function whatIsShort(going: readonly Shortage[]): string {
  const clusters = [...new Set(going.map(({ clusterId }) => clusterId))];
  const [worst] = [...going].sort(byGravity);
  const label = requirementsInWords(worst?.requirements ?? {});
  return `${inShort(clusters, ", ")} (${label}, priority ${worst?.priority}, for ${worst?.ageCycles} cycles)`;
}

function roomInWords(shardId: string, { machines }: Room, isNear: boolean): string {
  return `${shardId}${isNear ? " in the same region" : ""} takes them and has ${machines} free after that`;
}
