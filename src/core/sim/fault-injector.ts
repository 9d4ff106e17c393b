// Performs the scheduled faults. Who is hit by what follows from the fault's own salt and from the cluster's state
// at that moment, so that a fault means the same when others are left out.

import type { NodeId } from "../base/ids.ts";
import { Chance } from "./chance.ts";
import type { Fault } from "./faults.ts";
import { drawMembershipChange } from "./membership-change.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

export class FaultInjector {
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  #isOver = false;

  constructor(world: World, nodes: readonly SimNode[]) {
    this.#world = world;
    this.#nodes = nodes;
    for (const fault of world.swarm.schedule) {
      world.queue.after(fault.atMs, () => {
        if (this.#isOver) return;
        world.trace.note(`fault ${fault.id}: ${fault.kind} n${fault.node} for ${Math.round(fault.ms)} ms`);
        this.#strike(fault, new Chance(fault.salt));
      });
    }
  }

  /** No fault strikes any more; those under way end by themselves. */
  end(): void {
    this.#isOver = true;
  }

  #strike(fault: Fault, chance: Chance): void {
    const node = this.#target(fault);
    if (node === null) return;
    const { kind, ms } = fault;
    const { network, queue } = this.#world;
    switch (kind) {
      case "crash":
        node.crash(chance.permille(500));
        this.#startAfter(ms, node);
        return;
      case "crash-in-write":
        node.crashInWrite(chance.between(1, 5), () => this.#startAfter(ms, node));
        return;
      case "power-cut":
        for (const each of this.#nodes) {
          each.crash(false);
          this.#startAfter(chance.ms(0, ms), each);
        }
        return;
      case "partition":
      case "one-way-partition":
        this.#partition(chance, kind === "one-way-partition", ms);
        return;
      case "clog":
        for (const peer of this.#others(node, chance)) network.clog(node.id, peer.id, ms);
        return;
      case "disconnect":
        for (const peer of this.#others(node, chance)) network.disconnect(node.id, peer.id);
        return;
      case "disk-error":
        node.disk.isFailing = true;
        return;
      case "disk-full":
        node.disk.isFull = true;
        queue.after(ms, () => {
          node.disk.isFull = false;
        });
        return;
      case "disk-stall":
        node.disk.stalledUntilMs = queue.nowMs + ms;
        return;
      case "clock-jump":
        node.jumpClock(chance.permille(500) ? ms : -ms);
        return;
      case "pause":
        node.pause(ms);
        return;
      case "transfer":
        this.#leader()?.transferLeader(node.id);
        return;
      case "membership":
        this.#changeMembership(chance);
        return;
      case "wipe":
        this.#wipe(node, ms);
    }
  }

  #startAfter(ms: number, node: SimNode): void {
    this.#world.queue.after(ms, () => node.start());
  }

  #partition(chance: Chance, isOneWay: boolean, ms: number): void {
    const { network, queue } = this.#world;
    const side = new Set(chance.sample(this.#nodes, chance.between(1, Math.ceil(this.#nodes.length / 2))));
    const cut = (isCut: boolean) => {
      for (const inside of side) {
        for (const outside of this.#nodes.filter((node) => !side.has(node))) {
          network.cut(inside.id, outside.id, isCut);
          if (!isOneWay) network.cut(outside.id, inside.id, isCut);
        }
      }
    };
    cut(true);
    queue.after(ms, () => !this.#isOver && cut(false));
  }

  // One change at a time, and none while a replica that lost its disk is being let in again: with both under way
  // the last healthy voters could be outvoted by those who remember nothing.
  #changeMembership(chance: Chance): void {
    const leader = this.#leader();
    const config = leader?.status()?.config;
    if (leader === null || config === undefined || this.#nodes.some((node) => node.isRejoining)) return;
    const change = drawMembershipChange(
      chance,
      config,
      this.#nodes.map(({ id }) => id),
    );
    if (change === null) return;
    const what = change.changes.map(({ kind, node }) => `${kind} n${node}`).join(", ");
    this.#world.trace.note(`membership ${change.transition}: ${what}`);
    leader.changeMembership(change);
  }

  // A group tolerates the loss of fewer than half of its voters' disks; here, of one at a time.
  #wipe(node: SimNode, ms: number): void {
    const config = this.#world.checker.config;
    if (config === null || config.votersOutgoing.length > 0 || config.voters.length < 3) return;
    if (this.#nodes.some((each) => each.isRejoining)) return;
    node.wipe();
    this.#startAfter(ms, node);
  }

  #target({ node }: Fault): SimNode | null {
    return node === 0 ? this.#leader() : (this.#nodes.find(({ id }) => id === (node as NodeId)) ?? null);
  }

  #others(node: SimNode, chance: Chance): SimNode[] {
    return chance.sample(
      this.#nodes.filter((other) => other !== node),
      chance.between(1, this.#nodes.length),
    );
  }

  /** Of the highest term, if several believe to lead. */
  #leader(): SimNode | null {
    return leaderOf(this.#nodes);
  }
}

export function leaderOf(nodes: readonly SimNode[]): SimNode | null {
  let found: SimNode | null = null;
  for (const node of nodes) {
    const status = node.status();
    if (status?.role === "leader" && status.term > (found?.status()?.term ?? 0)) found = node;
  }
  return found;
}
