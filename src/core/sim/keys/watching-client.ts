// A client that watches all keys through one node after the other, and continues each time where it was interrupted. Now and
// then it does not read, so that the hub has it read history later.

import type { GroupId } from "../../base/ids.ts";
import type { Watch, Watcher } from "../../coordinator/etcd/watch/watch.ts";
import type { WatchHub } from "../../coordinator/etcd/watch/watch-hub.ts";
import type { Event } from "../../wire/gen/etcd/mvccpb/kv.ts";
import type { Chance } from "../chance.ts";
import type { SimNode } from "../node.ts";
import { askKeys } from "../side-groups.ts";
import type { World } from "../world.ts";
import type { SimKeys } from "./key-group.ts";

const MOVE_MS = 800;
const FULL_PERMILLE = 200;
const ALL = { key: new Uint8Array([0]), rangeEnd: new Uint8Array([0]) };

export class WatchingClient implements Watcher {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #nodes: readonly SimNode[];
  readonly #group: GroupId;
  #next = 2;
  #position = 0;
  #watched: { readonly hub: WatchHub; readonly watch: Watch } | null = null;
  #isFull = false;
  #isStopped = false;

  constructor(world: World, chance: Chance, nodes: readonly SimNode[], group: GroupId) {
    this.#world = world;
    this.#chance = chance;
    this.#nodes = nodes;
    this.#group = group;
    this.#later();
  }

  stop(): void {
    this.#isStopped = true;
    this.#leave();
  }

  isFullFor(): boolean {
    return this.#isFull;
  }

  events(watch: Watch, events: readonly Event[]): void {
    if (watch !== this.#watched?.watch) return;
    this.#position = this.#world.checker.keys.tells("a watch", this.#position, events);
    this.#next = Math.max(this.#next, (events.at(-1)?.kv?.modRevision ?? 0) + 1);
  }

  compacted(): void {
    throw new Error("the simulation compacts no keys");
  }

  failed(error: unknown): void {
    throw error;
  }

  #later(): void {
    this.#world.queue.after(this.#chance.ms(0, MOVE_MS), () => {
      if (this.#isStopped) return;
      this.#step();
      this.#later();
    });
  }

  #step(): void {
    this.#isFull = this.#chance.permille(FULL_PERMILLE);
    if (this.#watched !== null && this.#chance.permille(500)) {
      this.#watched.hub.wake();
      return;
    }
    this.#leave();
    void this.#chance.pick(this.#nodes).inGroup(
      this.#group,
      askKeys(async (keys) => this.#watch(keys)),
    );
  }

  #watch({ readableHub: hub }: SimKeys): void {
    if (hub === null) return;
    const watched = { ...ALL, startRevision: this.#next, noPut: false, noDelete: false, prevKv: false };
    this.#watched = { hub, watch: hub.add(watched, this) };
  }

  #leave(): void {
    this.#watched?.hub.remove(this.#watched.watch);
    this.#watched = null;
  }
}
