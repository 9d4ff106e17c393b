// The clients of a run's key space.

import { groupId } from "../../base/ids.ts";
import { Chance } from "../chance.ts";
import type { SimNode } from "../node.ts";
import type { World } from "../world.ts";
import { Locker } from "./locker.ts";
import { WatchingClient } from "./watching-client.ts";

const LOCKERS = 3;

export function keyClients(world: World, nodes: readonly SimNode[]): readonly { stop(): void }[] {
  const { keysGroup, seed } = world.swarm;
  if (keysGroup === 0) return [];
  const group = groupId(keysGroup);
  const lockers = Array.from({ length: LOCKERS }, (_, at) => {
    const chance = Chance.of(seed, "locks", at + 1);
    return new Locker({ number: at + 1, world, chance, nodes, group });
  });
  return [...lockers, new WatchingClient(world, Chance.of(seed, "locks", LOCKERS + 1), nodes, group)];
}
