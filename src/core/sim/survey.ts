// What all nodes of a run look like at once, when a run is healed.

import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

/** Whether a majority has the newest state, and not a wrong one: who still needs a snapshot has none to compare. */
export function hasRightMajority(world: World, nodes: readonly SimNode[]): boolean {
  const { flips, config } = world.checker;
  const voters = nodes.filter(({ id }) => config?.voters.includes(id));
  const newest = newestApplied(voters);
  const right = voters.filter((node) => node.status()?.applied === newest && !flips.isWrong(node.id));
  return 2 * right.length > voters.length;
}

export function newestApplied(nodes: readonly SimNode[]): number {
  return Math.max(...nodes.map((node) => node.status()?.applied ?? 0));
}

/**
 * No replica is in a dispute, and none can follow from before the healing: a majority has confirmed a state at `index` or
 * later. An earlier checkpoint may still be open, with the answer of a replica whose restart has repaired it.
 */
export function areBelieved(nodes: readonly SimNode[], index: number): boolean {
  const trusts = nodes.flatMap(({ process }) => process?.comparing?.trust ?? []);
  return (
    trusts.every(({ now }) => now.kind !== "disputed") &&
    trusts.some(({ confirmedThrough }) => confirmedThrough >= index)
  );
}

/** Grows while a replica stores or applies entries. */
export function loggedAndApplied(nodes: readonly SimNode[]): number {
  const statuses = nodes.flatMap((node) => node.status() ?? []);
  return statuses.reduce((sum, { lastIndex, applied }) => sum + lastIndex + applied, 0);
}
