// The machines of this shard as counts of equal ones, and which of them are free. Pure. Must stay true: free
// and taken machines add up to the inventory, pool by pool. Absent: single machines, their provisioning and
// their failures; any choice better than the first fit.

import { assert, present } from "../base/assert.ts";
import type { MachinePool } from "../wire/files/machines-file.ts";
import type { ShardSummary } from "../wire/gen/fleet/v1/coordinator.ts";
import { domainMachines } from "./domain-machines.ts";
import type { ListedPool } from "./listed-pool.ts";

/** The part of a report's summary that the pools know. */
export type Counted = Omit<ShardSummary, "cycleMs">;

/** The number of machines of each pool, by the pool's place in the inventory. */
export type Taken = Map<number, number>;

export interface Wish {
  readonly count: number;
  /** By label: instance-type, zone, region. */
  readonly requirements: Readonly<Record<string, string>>;
  /** Null = any zone. */
  readonly zone: string | null;
}

export class MachinePools {
  readonly #pools: readonly ListedPool[];
  readonly #region: string;
  readonly #free: number[];

  constructor(pools: readonly ListedPool[], region: string) {
    this.#pools = pools;
    this.#region = region;
    this.#free = pools.map(countHere);
  }

  /** Takes as many free machines as are wished, from the first pools that fit. */
  take(wish: Wish, into: Taken): void {
    let missing = wish.count;
    for (const at of this.#fitting(wish)) {
      const count = Math.min(missing, this.#freeAt(at));
      if (count === 0) continue;
      this.#free[at] = this.#freeAt(at) - count;
      into.set(at, (into.get(at) ?? 0) + count);
      missing -= count;
    }
  }

  /** Takes the same machines as in the earlier inventory `from`, if the pools still have them. */
  takeOver(taken: Taken, from: MachinePools): void {
    const former = [...taken];
    taken.clear();
    for (const [place, held] of former) {
      const at = this.#pools.findIndex((pool) => isSamePool(pool, from.#pool(place)));
      const count = at < 0 ? 0 : Math.min(held, this.#freeAt(at));
      if (count === 0) continue;
      this.#free[at] = this.#freeAt(at) - count;
      taken.set(at, count);
    }
  }

  /** Gives `count` machines back, from the last pools first. */
  giveBack(from: Taken, count: number): void {
    let left = count;
    for (const [at, held] of [...from].sort(([a], [b]) => b - a)) {
      const back = Math.min(left, held);
      if (back === held) from.delete(at);
      else from.set(at, held - back);
      this.#free[at] = this.#freeAt(at) + back;
      assert(this.#freeAt(at) <= countHere(this.#pool(at)), "no more is free than there is");
      left -= back;
    }
    assert(left === 0, "what is given back was taken");
  }

  /** The zone of the taken machines, or the first one with room for the whole wish; null = there is none. */
  zoneFor(wish: Wish, taken: Taken): string | null {
    const [first] = taken.keys();
    if (first !== undefined) {
      const { zone } = this.#pool(first);
      return this.#room({ ...wish, zone }) >= wish.count ? zone : null;
    }
    const zones = new Set(this.#pools.map(({ zone }) => zone));
    return [...zones].find((zone) => this.#room({ ...wish, zone }) >= wish.count) ?? null;
  }

  summary(): Counted {
    const summary: Counted = {
      ...{ machinesTotal: 0, machinesFree: 0, freeByInstanceType: {}, freeByZone: {} },
      domains: domainMachines(this.#pools, (at) => this.#freeAt(at)),
    };
    for (const [at, pool] of this.#pools.entries()) {
      if (pool.elsewhere) continue;
      const { instanceType, zone } = pool;
      const free = this.#freeAt(at);
      summary.machinesTotal += pool.count;
      summary.machinesFree += free;
      summary.freeByInstanceType[instanceType] = (summary.freeByInstanceType[instanceType] ?? 0) + free;
      summary.freeByZone[zone] = (summary.freeByZone[zone] ?? 0) + free;
    }
    return summary;
  }

  #room(wish: Wish): number {
    return this.#fitting(wish).reduce((sum, at) => sum + this.#freeAt(at), 0);
  }

  #fitting({ requirements, zone }: Wish): number[] {
    const fits = (pool: MachinePool) =>
      (zone === null || pool.zone === zone) &&
      Object.entries(requirements).every(([label, value]) => this.#label(pool, label) === value);
    return this.#pools.flatMap((pool, at) => (fits(pool) ? [at] : []));
  }

  /** Undefined for a label that no machine has: no machine fits it. */
  #label({ instanceType, zone, domain }: ListedPool, label: string): string | undefined {
    if (label === "instance-type") return instanceType;
    if (label === "zone") return zone;
    if (label === "region") return this.#region;
    return label === domain?.key ? domain.value : undefined;
  }

  #pool(at: number): ListedPool {
    return present(this.#pools[at], "machines are of a pool");
  }

  #freeAt(at: number): number {
    return present(this.#free[at], "machines are of a pool");
  }
}

const countHere = ({ count, elsewhere = false }: ListedPool): number => (elsewhere ? 0 : count);

const isSamePool = (a: MachinePool, b: MachinePool): boolean =>
  a.instanceType === b.instanceType &&
  a.zone === b.zone &&
  a.domain?.key === b.domain?.key &&
  a.domain?.value === b.domain?.value;
