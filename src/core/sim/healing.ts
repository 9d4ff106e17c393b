// The end of a run: the faults stop, a random quorum of the voters is healed and the rest stays broken. The quorum
// must commit again. If membership changed or a disk was lost, the cluster first gets time to finish that. A running
// change may need another quorum than the healed one.

import type { NodeId } from "../base/ids.ts";
import type { ConfState } from "../raft/message.ts";
import type { Administrator } from "./administrator.ts";
import { Chance } from "./chance.ts";
import { disagreement } from "./checks/members.ts";
import { isElectable } from "./electable.ts";
import { groupHope, groupUnrest } from "./group-unrest.ts";
import { leaderOf } from "./leader-of.ts";
import { drawMembershipChange, LEAVE_JOINT } from "./membership-change.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const LOOK_EVERY_MS = 100;

export class Healing {
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  readonly #administrator: Administrator;
  readonly #chance: Chance;
  #absent: SimNode | null = null;

  constructor(world: World, nodes: readonly SimNode[], administrator: Administrator) {
    this.#world = world;
    this.#administrator = administrator;
    this.#nodes = nodes;
    this.#chance = Chance.of(world.swarm.seed, "healing");
  }

  /** Everything works again, everywhere. */
  healAll(): void {
    const { network } = this.#world;
    network.isQuiet = true;
    network.healAll();
    for (const node of this.#nodes) {
      this.#repair(node);
      node.start();
    }
  }

  /** Whether a leader is to stay away before the end. Not with a table: requests for changes may want the very one. */
  partsWithLeader(): boolean {
    return !this.#world.swarm.hasTable && this.#chance.permille(400);
  }

  /**
   * The leader begins a last change of the membership. Returns whether the moment to leave has come. The leader was the
   * first to know that the change is committed; another has just learned it, and one more may never learn it.
   */
  beginLastChange(): () => boolean {
    const leader = leaderOf(this.#nodes);
    const before = leader?.status()?.config;
    if (leader === null || before === undefined || this.#nodes.some((node) => node.isRejoining))
      return () => true;
    const nodes = this.#nodes.map(({ id }) => id);
    const change = drawMembershipChange(this.#chance, { config: before, nodes, leader: leader.id });
    if (change !== null) leader.changeMembership(change);
    const held = new Map(this.#nodes.map((node) => [node, configOf(node)]));
    // A newcomer's own configuration is empty at first: so it has not heard of the change.
    const knows = (node: SimNode) => node.isUp && configOf(node) !== held.get(node);
    const isLast = this.#chance.permille(700);
    let isKnown = false;
    return () => {
      if (!isKnown && knows(leader)) {
        isKnown = true;
        const others = before.voters.filter((id) => id !== leader.id);
        if (isLast && others.length > 0) this.#world.network.cut(leader.id, this.#chance.pick(others), true);
      }
      return isKnown && this.#nodes.some((node) => node !== leader && knows(node));
    };
  }

  /** Whether a node stays away permanently. */
  get hasAbsent(): boolean {
    return this.#absent !== null;
  }

  /** The leader goes, and with it what it alone knew to be committed; if the newest configuration can do without. */
  partWithLeader(): void {
    const leader = leaderOf(this.#nodes);
    const { config } = this.#world.checker;
    if (leader === null || config === null) return;
    const isLost = (id: NodeId) => id === leader.id || this.#node(id).isRejoining;
    const canDoWithout = [config.voters, config.votersOutgoing].every(
      (half) => half.length === 0 || half.filter(isLost).length < half.length / 2,
    );
    if (!canDoWithout) return;
    this.#world.trace.note(`n${leader.id}, which leads, stays away`);
    this.#absent = leader;
    leader.retire(this.#chance.permille(500));
  }

  /** Looks now and then whether the configuration is at rest and every node is readmitted. */
  watchSettling(onSettled: () => void): void {
    this.#world.queue.after(LOOK_EVERY_MS, () => {
      if (this.unrest() === null) onSettled();
      else this.watchSettling(onSettled);
    });
  }

  /** What is still to happen; null: all is at rest. Leaves a joint configuration where an administrator would have to. */
  unrest(): string | null {
    const leader = leaderOf(this.#nodes);
    const status = leader?.status();
    if (leader === null || status === undefined || status === null) return "nobody leads";
    const { votersOutgoing, autoLeave, voters } = status.config;
    if (votersOutgoing.length > 0) {
      if (!autoLeave) leader.changeMembership(LEAVE_JOINT);
      return "the configuration is joint";
    }
    if (!this.#administrator.isIdle) return "a change of the membership is under way";
    const { hasTable } = this.#world.swarm;
    const view = leader.process?.machine.view;
    const difference = hasTable && view !== undefined ? disagreement(view, status.config) : null;
    if (difference !== null) return difference;
    // A voter that has not applied the change still asks for the old quorums.
    const present = voters.filter((id) => id !== this.#absent?.id);
    const late = present.find((id) => (this.#node(id).status()?.applied ?? 0) < status.lastIndex);
    if (late !== undefined) return `node ${late} has not applied all`;
    const rejoining = this.#nodes.find(
      (node) => node !== this.#absent && node.isRejoining && this.#administrator.expects(node.id),
    );
    if (rejoining !== undefined) return `node ${rejoining.id} is not let in again`;
    return groupUnrest(this.#world, this.#nodes, leader);
  }

  /**
   * Whether the voters that remember everything are a quorum without those that lost their disk. They must be one in
   * the newest configuration and in each configuration that they know. A voter may know an older one, because a change
   * takes effect only where it is applied.
   */
  hasHealthyQuorum(newest: ConfState): boolean {
    const healthy = newest.voters.map((id) => this.#node(id)).filter((node) => !node.isRejoining);
    const known = healthy.flatMap((node) => node.status()?.config ?? []);
    return [newest, ...known]
      .flatMap(({ voters, votersOutgoing }) => [voters, votersOutgoing])
      .every((half) => {
        const lost = half.filter((id) => this.#node(id).isRejoining);
        return half.length === 0 || lost.length < half.length / 2;
      });
  }

  /**
   * Why all must have come to rest by now, whichever disks were lost. Null: there is no leader, and there can never be one
   * (electable.ts). To be asked long after everything works again. A replica that leads for longer than an election
   * timeout hears a majority of each half of its voters (CheckQuorum). A voter that answers its heartbeats takes its appends
   * too, so it commits all that it has. If that leads to a configuration that the lost disks block, it steps down, and soon
   * no replica is electable.
   */
  hope(): string | null {
    const leader = leaderOf(this.#nodes);
    if (leader !== null) return this.hopeOfGroups(`n${leader.id} leads`);
    const electors = this.#nodes.flatMap(({ elector }) => elector ?? []);
    const found = electors.find((elector) => isElectable(elector, electors));
    return found === undefined ? null : `n${found.id} can be elected`;
  }

  /** `fleet`: why the fleet's own group must rest. Null: a group beside it can never have a leader, whose voters lost their disks. */
  hopeOfGroups(fleet: string): string | null {
    const leader = leaderOf(this.#nodes);
    return leader === null ? fleet : groupHope(this.#world, this.#nodes, leader) && fleet;
  }

  /** Breaks all but a random quorum, which works again. Returns the quorum; null if too few are there for one. */
  breakAllButQuorum(config: ConfState): SimNode[] | null {
    const { network } = this.#world;
    network.isQuiet = true;
    network.healAll();
    const isThere = (id: NodeId) => id !== this.#absent?.id && !this.#node(id).isRejoining;
    const healthy = config.voters.filter(isThere);
    if (this.#absent !== null && healthy.length < Math.floor(config.voters.length / 2) + 1) return null;
    const chosen = this.#chance.sample(healthy, Math.floor(config.voters.length / 2) + 1);
    this.#world.trace.note(`heals n${chosen.join(", n")}`);
    for (const node of this.#nodes) {
      if (chosen.includes(node.id)) {
        this.#repair(node);
        node.start();
      } else {
        this.#breakDown(node, chosen);
      }
    }
    return chosen.map((id) => this.#node(id));
  }

  // Gone, or able only to disturb: it may speak but not hear, or hear but not speak, or neither.
  #breakDown(node: SimNode, quorum: readonly NodeId[]): void {
    if (this.#chance.permille(500)) {
      node.retire(this.#chance.permille(500));
      return;
    }
    const [isDeaf, isMute] = this.#chance.pick([
      [true, false],
      [false, true],
      [true, true],
    ] as const);
    for (const id of quorum) {
      this.#world.network.cut(id, node.id, isDeaf);
      this.#world.network.cut(node.id, id, isMute);
    }
  }

  #repair(node: SimNode): void {
    node.disk.isFull = false;
    node.disk.isFailing = false;
    node.disk.stalledUntilMs = 0;
    node.disk.wornMs = 0;
    node.resume();
  }

  #node(id: NodeId): SimNode {
    const found = this.#nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`the simulation has no node ${id}`);
    return found;
  }
}

/** As text, to be compared. */
function configOf(node: SimNode): string {
  return JSON.stringify(node.status()?.config ?? null);
}
