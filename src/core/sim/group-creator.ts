// Creates the run's later groups beside the fleet's own, one after the other, by request (ADR-0049): asked again until
// the group is there.

import type { GroupId } from "../base/ids.ts";
import { Chance } from "./chance.ts";
import { leaderOf } from "./leader-of.ts";
import type { SimNode } from "./node.ts";
import { sideGroupsOf } from "./side-groups.ts";
import type { World } from "./world.ts";

const ATTEMPT_MS = 1_000;
const RETRY_MS = 500;

export class GroupCreator {
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  readonly #chance: Chance;
  readonly #missing: GroupId[];
  #isStopped = false;

  constructor(world: World, nodes: readonly SimNode[]) {
    this.#world = world;
    this.#nodes = nodes;
    this.#chance = Chance.of(world.swarm.seed, "groups");
    this.#missing = sideGroupsOf(world.swarm).slice(world.swarm.groups - world.swarm.createdGroups);
    // Clients of a key space need some time.
    const { keysGroup, durationMs } = world.swarm;
    this.#later(this.#chance.ms(0, keysGroup === 0 ? durationMs : durationMs / 10));
  }

  stop(): void {
    this.#isStopped = true;
  }

  #later(ms: number): void {
    this.#world.queue.after(ms, () => this.#attempt());
  }

  #attempt(): void {
    const [group] = this.#missing;
    if (group === undefined || this.#isStopped) return;
    const { network, trace } = this.#world;
    const node = leaderOf(this.#nodes) ?? this.#chance.pick(this.#nodes);
    trace.note(`asks n${node.id} to create group ${group}`);
    network.call(() => {
      void node.createGroup(group, ATTEMPT_MS)?.then(({ reason }) => {
        trace.note(`create group ${group}: ${reason ?? "done"}`);
        if (reason === null || reason === "GROUP_EXISTS") this.#missing.shift();
      });
    });
    this.#later(this.#chance.ms(0, RETRY_MS));
  }
}
