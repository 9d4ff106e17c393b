// What each cluster wants, which machines of this shard it has, and what it lacks. Pure: the caller starts
// the cycles. Higher priority is served first, then the longest waiting; no cluster's machines are taken for
// another. Must stay true: a cluster loses machines only when it wants fewer. Then it loses them at the pace,
// or at once when the grace is over. Absent: a disk. Agents repeat their demand every few seconds, so a
// restarted shard soon knows all of it.

import type { Shortfall } from "../wire/gen/fleet/v1/coordinator.ts";
import type { ClusterDemand, DemandGroup } from "../wire/gen/fleet/v1/shard.ts";
import type { ListedPool } from "./listed-pool.ts";
import type { Counted, Taken } from "./machine-pools.ts";
import { MachinePools } from "./machine-pools.ts";
import { type Told, toldDemand, toldShortfalls } from "./told.ts";

export interface ReclaimPace {
  /** The largest part of a cluster's machines to take back in one cycle, in (0, 1]; at least one machine. */
  readonly fraction: number;
  /** After this time all excess machines are taken back at once. */
  readonly graceMs: number;
}

/** BigFleet's pace: at most max(1, 5 %) of a cluster's machines a cycle, ten minutes of grace. */
export const RECLAIM_PACE: ReclaimPace = { fraction: 0.05, graceMs: 600_000 };

export interface DemandBookOptions {
  /** Null: this shard was given no machines; it accepts demand and serves none. */
  readonly machines: readonly ListedPool[] | null;
  readonly region: string;
  readonly pace: ReclaimPace;
}

/** One group of one cluster. */
interface Holding {
  readonly cluster: string;
  readonly group: DemandGroup;
  readonly held: Taken;
  wanted: number;
  cyclesShort: number;
}

interface Account {
  readonly holdings: Map<string, Holding>;
  surplusSinceMs: number | null;
}

export class DemandBook {
  #pools: MachinePools | null;
  readonly #region: string;
  readonly #pace: ReclaimPace;
  readonly #accounts = new Map<string, Account>();

  constructor({ machines, region, pace }: DemandBookOptions) {
    this.#pools = machines === null ? null : new MachinePools(machines, region);
    this.#region = region;
    this.#pace = pace;
  }

  /** Replaces the cluster's demand; its machines change with the next cycles. */
  take(cluster: string, groups: readonly DemandGroup[]): void {
    const account = this.#accounts.get(cluster) ?? { holdings: new Map(), surplusSinceMs: null };
    for (const holding of account.holdings.values()) holding.wanted = 0;
    for (const group of groups) {
      const name = nameOf(group);
      const holding = account.holdings.get(name) ?? newHolding(cluster, group);
      holding.wanted += group.count;
      account.holdings.set(name, holding);
    }
    this.#accounts.set(cluster, account);
    this.#tidy(cluster, account);
  }

  /**
   * Replaces the inventory. Clusters keep their machines of a pool that is still there. A pool may have
   * shrunk, be gone, or have left with its topology domain: then the least important clusters lose its
   * machines at once. There are no machines left to take back at a pace.
   */
  equip(machines: readonly ListedPool[]): void {
    const former = this.#pools;
    const pools = new MachinePools(machines, this.#region);
    this.#pools = pools;
    if (former === null) return;
    for (const { held } of this.#holdings().sort(byGravity)) pools.takeOver(held, former);
    for (const [cluster, account] of this.#accounts) this.#tidy(cluster, account);
  }

  /** One round of the scheduler: first takes machines back at the pace, then gives the free ones. */
  cycle(nowMs: number): void {
    const pools = this.#pools;
    if (pools === null) return;
    for (const account of this.#accounts.values()) reclaim(pools, account, this.#pace, nowMs);
    const short = this.#holdings().filter(isShort).sort(byGravity);
    for (const holding of short) grow(pools, holding);
    for (const holding of this.#holdings())
      holding.cyclesShort = isShort(holding) ? holding.cyclesShort + 1 : 0;
    for (const [cluster, account] of this.#accounts) this.#tidy(cluster, account);
  }

  machinesOf(cluster: string): number {
    return heldBy(this.#accounts.get(cluster));
  }

  clusters(): readonly string[] {
    return [...this.#accounts.keys()].sort();
  }

  demand(): Told<ClusterDemand> {
    const all = this.clusters().map((clusterId) => ({
      clusterId,
      groups: holdingsOf(this.#accounts.get(clusterId))
        .filter(({ wanted }) => wanted > 0)
        .map(({ group, wanted }) => ({ ...group, count: wanted })),
      machines: this.machinesOf(clusterId),
    }));
    return toldDemand(all);
  }

  summary(): Counted | undefined {
    return this.#pools?.summary();
  }

  /** Shortfalls that lasted at least one cycle: demand that has just arrived is not a shortfall yet. */
  shortfalls(): Told<Shortfall> {
    const short = this.#holdings().filter((holding) => isShort(holding) && holding.cyclesShort > 0);
    return toldShortfalls(short.sort(byGravity), shortfallOf);
  }

  #holdings(): Holding[] {
    return [...this.#accounts.values()].flatMap(holdingsOf);
  }

  #tidy(cluster: string, { holdings }: Account): void {
    for (const [name, { wanted, held }] of holdings) {
      if (wanted === 0 && held.size === 0) holdings.delete(name);
    }
    if (holdings.size === 0) this.#accounts.delete(cluster);
  }
}

/** How many machines of a cluster that has `held` one cycle may take back. */
export function reclaimableInCycle(held: number, fraction: number): number {
  return Math.max(1, Math.floor(held * fraction));
}

function reclaim(pools: MachinePools, account: Account, pace: ReclaimPace, nowMs: number): void {
  const holdings = holdingsOf(account);
  const surplus = holdings.reduce((sum, holding) => sum + surplusOf(holding), 0);
  if (surplus === 0) {
    account.surplusSinceMs = null;
    return;
  }
  account.surplusSinceMs ??= nowMs;
  const isGraceOver = nowMs - account.surplusSinceMs >= pace.graceMs;
  let budget = isGraceOver ? surplus : reclaimableInCycle(heldBy(account), pace.fraction);
  for (const holding of holdings.sort((a, b) => a.group.priority - b.group.priority)) {
    const count = Math.min(budget, surplusOf(holding));
    if (count > 0) pools.giveBack(holding.held, count);
    budget -= count;
  }
}

function grow(pools: MachinePools, holding: Holding): void {
  const { group, held, wanted } = holding;
  const wish = { count: wanted - countOf(held), requirements: group.requirements, zone: null };
  if (!group.sameDomain) {
    pools.take(wish, held);
    return;
  }
  const zone = pools.zoneFor(wish, held);
  if (zone !== null) pools.take({ ...wish, zone }, held);
}

function shortfallOf({ cluster, group, held, wanted, cyclesShort }: Holding): Shortfall {
  const { requirements, priority, sameDomain } = group;
  const deficit = { machines: wanted - countOf(held) };
  return {
    clusterId: cluster,
    ...{ requirements, deficit, priority, ageCycles: cyclesShort, penaltyBucket: "", sameDomain },
  };
}

function byGravity(a: Holding, b: Holding): number {
  if (a.group.priority !== b.group.priority) return b.group.priority - a.group.priority;
  if (a.cyclesShort !== b.cyclesShort) return b.cyclesShort - a.cyclesShort;
  return a.cluster < b.cluster ? -1 : 1;
}

// Groups that differ only in their count are one group.
function nameOf({ requirements, priority, sameDomain }: DemandGroup): string {
  return JSON.stringify([
    Object.entries(requirements).sort(([a], [b]) => (a < b ? -1 : 1)),
    priority,
    sameDomain,
  ]);
}

const newHolding = (cluster: string, group: DemandGroup): Holding => ({
  ...{ cluster, group, held: new Map(), wanted: 0, cyclesShort: 0 },
});
const holdingsOf = (account: Account | undefined): Holding[] => [...(account?.holdings.values() ?? [])];
const countOf = (taken: Taken): number => [...taken.values()].reduce((sum, count) => sum + count, 0);
const heldBy = (account: Account | undefined): number =>
  holdingsOf(account).reduce((sum, { held }) => sum + countOf(held), 0);
const surplusOf = ({ held, wanted }: Holding): number => Math.max(0, countOf(held) - wanted);
const isShort = ({ held, wanted }: Holding): boolean => countOf(held) < wanted;
