// What a report says about machines of a topology domain. It has those that this shard could give away, and those that
// it would get with a domain. From both sides' reports an operator sees which move helps which shard. Pure.

import type { DomainMachines } from "../wire/gen/fleet/v1/coordinator.ts";
import { domainName } from "./domain-table.ts";
import type { ListedPool } from "./listed-pool.ts";

/** In one report. */
const DOMAINS_MAX = 100;

/** `freeOf` a pool, by its place. */
export function domainMachines(
  pools: readonly ListedPool[],
  freeOf: (at: number) => number,
): DomainMachines[] {
  const found = new Map<string, DomainMachines>();
  for (const [at, { instanceType, zone, count, domain }] of pools.entries()) {
    if (domain === undefined) continue;
    const name = domainName(domain);
    const row = found.get(name) ?? emptyRow(domain);
    row.machinesListed += count;
    row.machinesFree += freeOf(at);
    row.listedByInstanceType[instanceType] = (row.listedByInstanceType[instanceType] ?? 0) + count;
    row.listedByZone[zone] = (row.listedByZone[zone] ?? 0) + count;
    found.set(name, row);
  }
  return [...found.values()].sort(byUse).slice(0, DOMAINS_MAX);
}

const emptyRow = ({ key, value }: { readonly key: string; readonly value: string }): DomainMachines => ({
  ...{ key, value, machinesListed: 0, machinesFree: 0, listedByInstanceType: {}, listedByZone: {} },
});

function byUse(a: DomainMachines, b: DomainMachines): number {
  const [idleA, idleB] = [a, b].map(isIdle);
  if (idleA !== idleB) return idleA ? -1 : 1;
  return b.machinesListed - a.machinesListed || (domainName(a) < domainName(b) ? -1 : 1);
}

const isIdle = ({ machinesListed, machinesFree }: DomainMachines): boolean => machinesFree === machinesListed;
