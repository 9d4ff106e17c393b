// How long an operation of a simulated disk takes.

import type { Chance } from "./chance.ts";
import type { VirtualDisk } from "./virtual-disk.ts";
import type { World } from "./world.ts";

export function diskDelayMs({ swarm, queue, network }: World, chance: Chance, disk: VirtualDisk): number {
  const isSlow = !network.isQuiet && swarm.noises.has("slow-disk") && chance.permille(swarm.badness);
  const delayMs = chance.ms(swarm.syncMs / 2, swarm.syncMs * (isSlow ? 50 : 2));
  return delayMs + disk.wornMs + Math.max(disk.stalledUntilMs - queue.nowMs, 0);
}
