// Performs the scheduled faults. The fault's own salt and the cluster's state at that moment decide which node it hits.
// So a fault does the same when others are left out.

import type { NodeId } from "../base/ids.ts";
import { slowMsOf } from "../coordinator/leadership/slow-disk.ts";
import type { Administrator } from "./administrator.ts";
import { Chance } from "./chance.ts";
import type { Fault } from "./faults.ts";
import { leaderOf } from "./leader-of.ts";
import { lieOf } from "./lies.ts";
import { drawMembershipChange } from "./membership-change.ts";
import type { SimNode } from "./node.ts";
import { profileOf } from "./process-options.ts";
import type { World } from "./world.ts";
import { wearOut } from "./worn-disk.ts";

export class FaultInjector {
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  readonly #administrator: Administrator;
  #isOver = false;
  #regicideUntilMs = 0;

  constructor(world: World, nodes: readonly SimNode[], administrator: Administrator) {
    this.#world = world;
    this.#administrator = administrator;
    this.#nodes = nodes;
    for (const fault of world.swarm.schedule) {
      world.queue.after(fault.atMs, () => {
        if (this.#isOver) return;
        world.trace.note(`fault ${fault.id}: ${fault.kind} n${fault.node} for ${Math.round(fault.ms)} ms`);
        this.#strike(fault, new Chance(fault.salt));
      });
    }
  }

  /** From now on no fault begins; those under way end by themselves. */
  end(): void {
    this.#isOver = true;
  }

  // Leaders that fall, or are cut off, right after their election leave behind what only the rule of §5.4.2 keeps harmless.
  elected(node: SimNode): void {
    const { queue, swarm } = this.#world;
    if (this.#isOver || queue.nowMs >= this.#regicideUntilMs) return;
    const chance = new Chance(Math.floor(queue.nowMs * 1_000) + swarm.seed);
    // Before its first entry left, or after the followers' earlier ones were brought in line with its own.
    const roundsMs = chance.pick([1, 1, 6, 20]) * (swarm.latencyMs + swarm.syncMs);
    queue.after(chance.ms(0, roundsMs), () => {
      if (this.#isOver) return;
      const ms = chance.ms(0, 1_500);
      if (chance.permille(600)) {
        this.#cutOff(new Set([node]), false, ms);
      } else {
        node.crash(chance.permille(500));
        this.#startAfter(ms, node);
      }
    });
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
      case "regicide":
        this.#regicideUntilMs = queue.nowMs + ms;
        node.crash(true);
        this.#startAfter(chance.ms(0, 500), node);
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
      case "disk-worn":
        wearOut(node.disk, slowMsOf(profileOf(this.#world)), queue.nowMs, chance);
        return;
      case "clock-jump":
        node.jumpClock(chance.permille(500) ? ms : -ms);
        return;
      case "pause":
        node.pause(ms);
        return;
      case "transfer":
        this.#transfer(chance, chance.pick(this.#nodes), ms);
        return;
      case "membership":
        this.#changeMembership(chance, ms);
        return;
      case "members":
        this.#administrator.order(chance);
        return;
      case "wipe":
        if (this.#mayLoseDisk(node)) node.wipe();
        this.#startAfter(ms, node);
        return;
      case "rot":
        if (this.#mayLoseDisk(node)) node.damage(chance);
        this.#startAfter(ms, node);
        return;
      case "flip":
        if (this.#mayFlip(node)) node.flip(chance);
        return;
      case "lie":
        this.#lie(node, chance);
    }
  }

  // Newcomers are told no lies: they hold nothing by which they could tell.
  #lie(liar: SimNode, chance: Chance): void {
    for (const peer of this.#nodes) {
      const status = peer.status();
      if (peer === liar || status === null || status.lastIndex === 0) continue;
      this.#world.network.forge(lieOf(chance, liar.id, status));
    }
  }

  #startAfter(ms: number, node: SimNode): void {
    this.#world.queue.after(ms, () => node.start());
  }

  // Now and then the old leader hears nothing for a while just then: not of the new one either.
  #transfer(chance: Chance, target: SimNode, ms: number): void {
    const leader = this.#leader();
    if (leader === null) return;
    leader.transferLeader(target.id);
    if (!chance.permille(400)) return;
    const { network, queue } = this.#world;
    const deafen = (isCut: boolean) => {
      for (const other of this.#nodes) if (other !== leader) network.cut(other.id, leader.id, isCut);
    };
    queue.after(chance.ms(0, 30), () => !this.#isOver && deafen(true));
    queue.after(30 + ms, () => !this.#isOver && deafen(false));
  }

  #partition(chance: Chance, isOneWay: boolean, ms: number): void {
    this.#cutOff(this.#side(chance), isOneWay, ms);
  }

  #cutOff(side: ReadonlySet<SimNode>, isOneWay: boolean, ms: number): void {
    if (this.#isOver) return;
    const { network, queue } = this.#world;
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

  // Mostly by chance; but what tells sound quorums from unsound ones is a cut along the configuration's lines.
  #side(chance: Chance): ReadonlySet<SimNode> {
    const config = this.#world.checker.config;
    const leader = this.#leader();
    const nodes = this.#nodes;
    if (config !== null && leader !== null && chance.permille(400)) {
      const { voters, learners, votersOutgoing } = config;
      const isNew = (node: SimNode) => voters.includes(node.id) && !votersOutgoing.includes(node.id);
      const fresh = nodes.filter((node) => node === leader || learners.includes(node.id) || isNew(node));
      if (fresh.length < nodes.length) return new Set(fresh);
    }
    return new Set(chance.sample(nodes, chance.between(1, Math.ceil(nodes.length / 2))));
  }

  // One change at a time, and none while a replica that lost its disk is being let in again. With both under way,
  // voters that remember nothing could outvote the last healthy ones.
  #changeMembership(chance: Chance, ms: number): void {
    const leader = this.#leader();
    const config = leader?.status()?.config;
    if (leader === null || config === undefined || this.#nodes.some((node) => node.isRejoining)) return;
    const nodes = this.#nodes.map(({ id }) => id);
    const change = drawMembershipChange(chance, { config, nodes, leader: leader.id });
    if (change === null) return;
    const what = change.changes.map(({ kind, node }) => `${kind} n${node}`).join(", ");
    this.#world.trace.note(`membership ${change.transition}: ${what}`);
    leader.changeMembership(change);
    if (!chance.permille(400)) return;
    // What tells sound quorums from unsound ones: the old half may not know yet what the new one is up to.
    const added = change.changes.flatMap((each) => (each.kind === "remove" ? [] : [each.node]));
    const side = new Set(this.#nodes.filter((node) => node === leader || added.includes(node.id)));
    const { queue, swarm } = this.#world;
    queue.after(chance.ms(0, 6 * swarm.latencyMs + 4 * swarm.syncMs), () => this.#cutOff(side, false, ms));
  }

  // A group tolerates the loss of fewer than half of its voters' disks; here, of one at a time.
  #mayLoseDisk(node: SimNode): boolean {
    const config = this.#world.checker.config;
    if (config === null || config.votersOutgoing.length > 0 || config.voters.length < 3) return false;
    const isComing = (each: SimNode) => each.isRejoining && this.#administrator.expects(each.id);
    return !this.#nodes.some(isComing) && config.voters.includes(node.id);
  }

  #mayFlip({ id }: SimNode): boolean {
    const { config, flips } = this.#world.checker;
    return config !== null && config.votersOutgoing.length === 0 && flips.mayFlip(id, config.voters);
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
