// An administrator who changes the membership by request, as `fleet member` does (ADR-0004). Only one change runs at a
// time. The request is sent again until it is answered, and an interrupted change continues where it stopped.

import type { NodeId } from "../base/ids.ts";
import { listMembers } from "../fleet/query.ts";
import type { FleetView } from "../fleet/state.ts";
import { MemberKind } from "../wire/gen/fleet/v1/command.ts";
import { Chance } from "./chance.ts";
import type { Answer, Change } from "./change-request.ts";
import { leaderOf } from "./leader-of.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const ATTEMPT_MS = 2_000;
const RETRY_MS = 300;
/** So many questions to a quorum without faults may fail before all doubt is over. */
const REFUSALS_MAX = 10;
/** Nothing was done, and another replica, or the same one later, may do it. */
const NOT_BEGUN = ["NOT_LEADER", "NO_LEADER"];
/** Nothing was done because of how things are now. After an attempt of unknown outcome, they may yet change. */
const REFUSED_NOW = ["QUORUM_WOULD_BE_LOST", "MEMBER_NOT_CAUGHT_UP", "ONLY_VOTER"];
const REFUSED = ["MEMBER_UNKNOWN", "MEMBER_REMOVED", "MEMBER_EXISTS", "MEMBER_IS_VOTER", "SAME_MEMBER"];

export class Administrator {
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  readonly #chance: Chance;
  #change: Change | null = null;
  #isInDoubt = false;
  /** Of the change under way, since everything works again. */
  #refusals = 0;

  constructor(world: World, nodes: readonly SimNode[]) {
    this.#world = world;
    this.#nodes = nodes;
    this.#chance = Chance.of(world.swarm.seed, "administrator");
  }

  get isIdle(): boolean {
    return this.#change === null;
  }

  /** Whether the replica is to take part, so that it counts when it lost its disk. */
  expects(node: NodeId): boolean {
    const members = leaderOf(this.#nodes)?.process?.machine.view.tables.members;
    if (!this.#world.swarm.hasTable || members === undefined || members.size === 0) return true;
    return members.get(node)?.wanted === MemberKind.VOTER;
  }

  /** Begins with a change that fits what the leader knows, unless one is under way. */
  order(chance: Chance): void {
    const view = leaderOf(this.#nodes)?.process?.machine.view;
    if (!this.isIdle || view === undefined) return;
    const possible = changes(view, this.#nodes, chance);
    if (possible.length === 0) return;
    this.#change = chance.pick(possible);
    this.#isInDoubt = false;
    this.#refusals = 0;
    this.#attempt(this.#change);
  }

  #attempt(change: Change): void {
    const { network, queue, trace } = this.#world;
    const leader = leaderOf(this.#nodes);
    const node = leader !== null && this.#chance.permille(800) ? leader : this.#chance.pick(this.#nodes);
    trace.note(`asks n${node.id} to ${change.$case} ${JSON.stringify(change.value)}`);
    let isAnswered = false;
    const settle = (answer: Answer) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#settle(change, answer);
    };
    network.call(() => {
      void node.changeMembers(change, ATTEMPT_MS)?.then((answer) => network.call(() => settle(answer)));
    });
    queue.after(2 * ATTEMPT_MS, () => settle({ reason: "TIMEOUT" }));
  }

  #settle(change: Change, { reason }: Answer): void {
    this.#world.trace.note(`${change.$case}: ${reason ?? "done"}`);
    const isRefusedNow = REFUSED_NOW.includes(reason ?? "");
    if (isRefusedNow && this.#world.network.isQuiet) this.#refusals += 1;
    const isRefused = isRefusedNow && (!this.#isInDoubt || this.#refusals > REFUSALS_MAX);
    if (reason === null || isRefused || REFUSED.includes(reason)) {
      this.#change = reason === null ? this.#regret(change) : null;
      return;
    }
    this.#isInDoubt ||= !NOT_BEGUN.includes(reason);
    this.#world.queue.after(this.#chance.ms(0, RETRY_MS), () => this.#attempt(change));
  }

  // What was added by mistake is removed at once, while it is still on its way in.
  #regret(change: Change): Change | null {
    if (change.$case !== "add" || !this.#chance.permille(300)) return null;
    const removal: Change = { $case: "remove", value: { name: change.value.name } };
    this.#isInDoubt = false;
    this.#world.queue.after(this.#chance.ms(0, RETRY_MS), () => this.#attempt(removal));
    return removal;
  }
}

function changes(view: FleetView, nodes: readonly SimNode[], chance: Chance): Change[] {
  const rows = listMembers(view);
  const learners = rows.filter((row) => row.wanted === MemberKind.LEARNER);
  const voters = rows.filter((row) => row.wanted === MemberKind.VOTER);
  const unknown = nodes.filter((node) => !rows.some((row) => row.nodeId === node.id));
  const leaving = chance.sample([...learners, ...voters], 2);
  return [
    ...unknown.map(({ peer }): Change => {
      const value = { ...peer, nodeId: peer.id, learner: chance.permille(500) };
      return { $case: "add", value };
    }),
    ...learners.map(({ name }): Change => ({ $case: "promote", value: { name } })),
    ...leaving.map(({ name }): Change => ({ $case: "remove", value: { name } })),
    ...learners.flatMap((fresh) =>
      chance
        .sample(voters, 2)
        .map(({ name }): Change => ({ $case: "replace", value: { name, with: fresh.name } })),
    ),
  ];
}
