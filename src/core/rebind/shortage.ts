// One shortfall as the planner sees it. It says whether anything may be proposed for it, and how much is missing. It
// also says which of two is graver, and how several are described. Pure leaves of rebalance.ts.

import { isName } from "../base/ids.ts";
import type { ShardShortfall } from "../wire/gen/fleet/v1/coordinator.ts";
import type { Need } from "./room.ts";

const SHOWN_MAX = 3;

export interface Shortage {
  readonly shardId: string;
  readonly clusterId: string;
  readonly requirements: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly ageCycles: number;
  readonly sameDomain: boolean;
  /** Null: its deficit is given in other resources, which can't be compared with counts of machines. */
  readonly machines: number | null;
}

/**
 * Rows without the name of a cluster or shard are left out: no plan could name them. Our own shards never
 * write such rows.
 */
export function shortagesOf(rows: readonly ShardShortfall[]): Shortage[] {
  return rows.flatMap(({ shardId, shortfall }) => {
    if (shortfall === undefined || !isName(shardId) || !isName(shortfall.clusterId)) return [];
    const { clusterId, requirements, deficit, priority, ageCycles, sameDomain } = shortfall;
    const { machines = null } = deficit as Readonly<Partial<Record<string, number>>>;
    if (machines === 0) return [];
    return [{ shardId, clusterId, requirements, priority, ageCycles, sameDomain, machines }];
  });
}

/** Highest priority first, then the oldest; names decide the rest, so that equal inputs make equal plans. */
export function byGravity(a: Shortage, b: Shortage): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.ageCycles !== b.ageCycles) return b.ageCycles - a.ageCycles;
  return identity(a) < identity(b) ? -1 : 1;
}

/** Why demand must stay where it is, however much room there is elsewhere. */
export function fixedBecause({ sameDomain, machines }: Shortage): string | null {
  if (sameDomain) return "all of it must be in one domain, so moving a part would not help";
  if (machines === null)
    return "its deficit is not given in machines, so it can't be compared with free machines";
  return null;
}

export function needOf({ machines, requirements }: Shortage): Need {
  return { machines: machines ?? 0, requirements };
}

export function machinesOf(shortages: readonly Shortage[]): number {
  return shortages.reduce((sum, { machines }) => sum + (machines ?? 0), 0);
}

/** "instance-type=m5.large zone=eu-1a", or "any". */
export function requirementsInWords(requirements: Readonly<Record<string, string>>): string {
  const labels = Object.entries(requirements).map(([label, value]) => `${label}=${value}`);
  return labels.length === 0 ? "any" : labels.sort().join(" ");
}

/** Which clusters lack machines, and the gravest shortage. */
export function whatIsShort(going: readonly Shortage[]): string {
  const clusters = [...new Set(going.map(({ clusterId }) => clusterId))];
  const [worst] = [...going].sort(byGravity);
  const label = requirementsInWords(worst?.requirements ?? {});
  return `${inShort(clusters, ", ")} (${label}, priority ${worst?.priority}, for ${worst?.ageCycles} cycles)`;
}

/** The first few, and how many more there are. */
export function inShort(texts: readonly string[], separator: string): string {
  const more = texts.length - SHOWN_MAX;
  return [...texts.slice(0, SHOWN_MAX), ...(more > 0 ? [`${more} more`] : [])].join(separator);
}

function identity({ shardId, clusterId, requirements }: Shortage): string {
  return JSON.stringify([shardId, clusterId, requirementsInWords(requirements)]);
}
