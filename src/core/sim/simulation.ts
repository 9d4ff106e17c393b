// One run: a cluster, its clients and its faults, from one seed. The loop runs one event, lets everything settle that
// it set free, checks the properties, and takes the next. The same seed and program give the same run, bit for bit.

import { type GroupId, type NodeId, nodeId } from "../base/ids.ts";
import type { Holding, Readmission } from "../coordinator/membership/readmission.ts";
import type { Peer } from "../transport/transport.ts";
import { Administrator } from "./administrator.ts";
import { Batcher } from "./batcher.ts";
import { Builds } from "./builds.ts";
import { Chance } from "./chance.ts";
import { Checker } from "./checker.ts";
import { SimClient } from "./client.ts";
import { Contender } from "./contender.ts";
import { isCutOffByDamage } from "./cut-off.ts";
import { EventQueue } from "./event-queue.ts";
import { FaultInjector } from "./fault-injector.ts";
import type { FaultKind } from "./faults.ts";
import { GroupClient } from "./group-client.ts";
import { GroupCreator } from "./group-creator.ts";
import { Healing } from "./healing.ts";
import { KeyHolders } from "./key-holders.ts";
import { keyClients } from "./keys/key-clients.ts";
import { KeyPromises } from "./keys/key-promises.ts";
import { leaderOf } from "./leader-of.ts";
import { Migrator, type MigratorOptions } from "./migrator.ts";
import { Network } from "./network.ts";
import { type NodeHost, SimNode } from "./node.ts";
import { Officer } from "./officer.ts";
import { describe, type RunResult, verdictOf } from "./run-result.ts";
import { existingGroups, sideGroupsOf } from "./side-groups.ts";
import { areBelieved, hasRightMajority, loggedAndApplied, newestApplied } from "./survey.ts";
import type { Swarm } from "./swarm.ts";
import { Trace } from "./trace.ts";
import { LivenessFailure, NoPromiseLeft } from "./violation.ts";
import type { World } from "./world.ts";
import { checkHandOver } from "./worn-disk.ts";

/** Virtual time in which a healed quorum must commit, 600 ticks, and a configuration come to rest. */
const LIVENESS_MS = 30_000;
// A log that still moves after four times as long does not come to rest: so do replicas that depose each other for ever.
const LIVENESS_WINDOWS_MAX = 4;
const REJOIN_TIMEOUT_MS = 1_000;
const RESTART_MS = 1_000;
const LAST_ELECTION_MS = 1_500;
const LAST_CHANGE_MS = 1_000;
/** Its number, unlike any other's. */
const NOTICING_CLIENT = 99;
/** Long enough for a group to come to a standstill between two writes. */
const GROUP_PATIENCE_MS = 1_000;
const GROUP_THINK_MS = 1_000;
/** No chain of promises is longer without a use of its disk or a later event. One that is ends with the next event. */
const QUIET_HOPS_MAX = 12;
const SETTLED = Promise.resolve();

/** `stepsMax` ends the run early, as if all had gone well. `onEvent` gets a line for each event. */
export function simulate(
  swarm: Swarm,
  stepsMax = Number.POSITIVE_INFINITY,
  onEvent?: (line: string) => void,
): Promise<RunResult> {
  return new Simulation(swarm, stepsMax, onEvent).run();
}

/** Thrown at the last step that was asked for. */
class EnoughSteps extends Error {}

class Simulation implements NodeHost {
  readonly #swarm: Swarm;
  readonly #world: World;
  readonly #nodes: readonly SimNode[];
  readonly #touched = new Set<SimNode>();
  #finding: { readonly error: unknown } | null = null;
  readonly #stepsMax: number;
  #steps = 0;
  #wasHealed = false;
  #isJudged = false;
  #injector: FaultInjector | null = null;
  readonly #administrator: Administrator;

  constructor(swarm: Swarm, stepsMax: number, onEvent?: (line: string) => void) {
    this.#stepsMax = stepsMax;
    const queue = new EventQueue();
    const trace = new Trace(queue, onEvent);
    const network = new Network(queue, Chance.of(swarm.seed, "network"), swarm, trace);
    const size = swarm.voters + swarm.spares;
    this.#swarm = swarm;
    const builds = new Builds(swarm, queue);
    const keys = new KeyHolders(swarm, queue, (error) => this.failed(error));
    const checker = new Checker(size, sideGroupsOf(swarm), KeyPromises.of(swarm, queue));
    this.#world = { swarm, queue, trace, network, checker, builds, keys };
    this.#nodes = Array.from({ length: size }, (_, at) => new SimNode(nodeId(at + 1), this.#world, this));
    this.#administrator = new Administrator(this.#world, this.#nodes);
  }

  async run(): Promise<RunResult> {
    try {
      await this.#bootstrap();
      this.#world.builds.upgrade(this.#nodes);
      this.#world.keys.begin(this.#nodes);
      this.#injector = new FaultInjector(this.#world, this.#nodes, this.#administrator);
      const clients = [
        ...Array.from({ length: this.#swarm.clients }, (_, at) => this.#client(at + 1, this.#nodes)),
        ...Array.from({ length: this.#swarm.contenders }, (_, at) => this.#contender(at + 1)),
        ...this.#actors("batchers", (options) => new Batcher(options)),
        ...this.#actors("officers", (options) => new Officer(options)),
        ...this.#actors("migrators", (options) => new Migrator(options)),
        ...this.#groupClients(this.#nodes, GROUP_THINK_MS, GROUP_PATIENCE_MS),
        new GroupCreator(this.#world, this.#nodes),
        ...keyClients(this.#world, this.#nodes),
      ];
      await this.#runUntil(() => this.#world.queue.nowMs >= this.#swarm.durationMs);
      this.#injector.end();
      if (this.#swarm.wear === "calm") checkHandOver(leaderOf(this.#nodes), this.#world.queue.nowMs);
      const healing = new Healing(this.#world, this.#nodes, this.#administrator);
      // With a wrong state beside it, who is left may be too few to say which is right.
      const parts = !this.#swarm.comparesStates && healing.partsWithLeader();
      if (parts) await this.#partWithLeader(healing);
      await this.#heal(healing, clients, parts);
      this.#isJudged = this.#world.checker.owners.judge();
    } catch (error) {
      return this.#result(error instanceof EnoughSteps || error instanceof NoPromiseLeft ? null : error);
    }
    return this.#result(null);
  }

  // Without a table of members: all nodes. Otherwise the founders, as an operator would name them.
  givenTo(node: SimNode): readonly Peer[] {
    const { hasTable, voters } = this.#swarm;
    const named = this.#nodes.filter(({ id }) => !hasTable || id <= voters || id === node.id);
    return named.map(({ peer }) => peer);
  }

  knownBy(peer: NodeId): number | null {
    const found = this.#nodes.find(({ id }) => id === peer);
    return found?.process?.machine.knownVersion ?? null;
  }

  introduce(node: SimNode, to: NodeId): void {
    const peer = this.#nodes.find(({ id }) => id === to);
    const { members } = node;
    if (peer !== node) this.#world.network.callBetween(node.id, to, () => peer?.welcome(node.peer, members));
  }

  async askToRejoin(node: SimNode, group: GroupId, holding: Holding): Promise<Readmission> {
    const { network, queue } = this.#world;
    return new Promise((resolve) => {
      queue.after(REJOIN_TIMEOUT_MS, () => resolve({ kind: "waiting" }));
      for (const peer of this.#nodes.filter((other) => other !== node && node.knows(other.id))) {
        network.callBetween(node.id, peer.id, () => {
          void peer.readmit(node.id, group, holding)?.then((answer) => {
            if (answer.kind !== "waiting") network.callBetween(peer.id, node.id, () => resolve(answer));
          });
        });
      }
    });
  }

  elected(node: SimNode): void {
    this.#injector?.elected(node);
  }

  stopped(node: SimNode): void {
    this.#world.queue.after(RESTART_MS, () => node.start());
  }

  touched(node: SimNode): void {
    this.#touched.add(node);
  }

  failed(error: unknown): void {
    this.#finding ??= { error };
  }

  async #bootstrap(): Promise<void> {
    const voters: NodeId[] = this.#nodes.slice(0, this.#swarm.voters).map(({ id }) => id);
    for (const node of this.#nodes) {
      if (voters.includes(node.id)) await node.bootstrap(voters);
      node.start();
    }
  }

  #client(number: number, nodes: readonly SimNode[], readPermille = 300): SimClient {
    const chance = Chance.of(this.#swarm.seed, "clients", number);
    return new SimClient({ name: `c${number}`, world: this.#world, chance, nodes, readPermille });
  }

  #groupClients(nodes: readonly SimNode[], thinkMs: number, patienceMs: number): GroupClient[] {
    return sideGroupsOf(this.#swarm).map((group) => {
      const chance = Chance.of(this.#swarm.seed, "groups", group);
      return new GroupClient({ world: this.#world, chance, nodes, group, thinkMs, patienceMs });
    });
  }

  #contender(process: number): Contender {
    const { checker, swarm } = this.#world;
    const chance = Chance.of(swarm.seed, "contenders", process);
    const options = { process, world: this.#world, chance, nodes: this.#nodes };
    return new Contender({ ...options, history: checker.owners });
  }

  /** As many as the swarm has of them, each with a chance of its own. */
  #actors<Actor>(
    kind: "batchers" | "officers" | "migrators",
    make: (options: MigratorOptions) => Actor,
  ): Actor[] {
    return Array.from({ length: this.#swarm[kind] }, (_, at) => {
      const chance = Chance.of(this.#swarm.seed, kind, at + 1);
      return make({ name: `${kind[0]}${at + 1}`, world: this.#world, chance, nodes: this.#nodes });
    });
  }

  // While clients still write: who stays knows different parts of what was committed, and of what came behind it.
  async #partWithLeader(healing: Healing): Promise<void> {
    healing.healAll();
    await this.#runAtMost(LAST_ELECTION_MS, () => false);
    await this.#runAtMost(LAST_CHANGE_MS, healing.beginLastChange());
    healing.partWithLeader();
  }

  async #heal(healing: Healing, clients: readonly { stop(): void }[], mayChange: boolean): Promise<void> {
    const { checker } = this.#world;
    for (const client of clients) client.stop();
    const isChange = (kind: FaultKind) => ["membership", "members", "wipe", "rot"].includes(kind);
    const changesMembership = mayChange || this.#swarm.schedule.some(({ kind }) => isChange(kind));
    if (changesMembership) {
      healing.healAll();
      let isSettled = false;
      healing.watchSettling(() => {
        isSettled = true;
      });
      const endedMs = await this.#runWhileLogsMove(() => isSettled);
      if (!isSettled) {
        const { config } = checker;
        const hope =
          config === null || (healing.hasHealthyQuorum(config) && !healing.hasAbsent)
            ? healing.hopeOfGroups("few disks were lost")
            : healing.hope();
        if (hope === null) return;
        throw new LivenessFailure(
          `healed, the configuration is not at rest after ${endedMs} ms: ${healing.unrest()}, though ${hope}`,
        );
      }
    }
    if (checker.config === null) {
      // Faults may have kept every node from its first entry until now: with all healed, one must apply it.
      healing.healAll();
      await this.#runAtMost(LIVENESS_MS, () => checker.config !== null);
    }
    if (this.#swarm.comparesStates) await this.#notice(healing);
    const config = checker.config;
    if (config === null) throw new LivenessFailure("no replica ever applied anything");
    const quorum = healing.breakAllButQuorum(config);
    if (quorum === null) return;
    if (isCutOffByDamage(quorum)) throw new NoPromiseLeft("a damaged replica alone has what another needs");
    const before = checker.clients.writes;
    this.#client(0, quorum, 0);
    const isAlive = await this.#runAtMost(LIVENESS_MS, () => checker.clients.writes > before);
    if (!isAlive) {
      const ids = quorum.map(({ id }) => id).join(", ");
      throw new LivenessFailure(`the healed quorum ${ids} committed nothing within ${LIVENESS_MS} ms`);
    }
    // Where one entry takes a round trip, writes may wait behind many that came before them.
    const views = quorum.flatMap(({ process }) => process?.machine.view ?? []);
    const there = new Set(views.flatMap((view) => existingGroups(this.#swarm, view)));
    const writers = this.#groupClients(quorum, 2 * this.#swarm.thinkMs, LIVENESS_MS);
    const groups = writers.filter(({ group }) => there.has(group));
    const areAlive = await this.#runAtMost(LIVENESS_MS, () => groups.every((each) => each.acknowledged > 0));
    if (!areAlive) {
      const stuck = groups.filter(({ acknowledged }) => acknowledged === 0).map(({ group }) => group);
      const ids = quorum.map(({ id }) => id).join(", ");
      throw new LivenessFailure(
        `group ${stuck.join(", ")} of the healed quorum ${ids} committed nothing within ${LIVENESS_MS} ms`,
      );
    }
    for (const { id, process } of quorum) {
      if (checker.flips.isWrong(id)) continue;
      const isCurrent = (process?.driver.appliedIndex ?? 0) >= checker.clients.witnessed;
      if (process !== null && isCurrent) checker.clients.isWhole(process.machine.view);
    }
    this.#wasHealed = true;
  }

  /** Healed, each replica whose state is wrong is fenced: with the next entries, which show that states differ. */
  async #notice(healing: Healing): Promise<void> {
    const { flips } = this.#world.checker;
    healing.healAll();
    const healedAt = newestApplied(this.#nodes);
    const client = this.#client(NOTICING_CLIENT, this.#nodes);
    const isDone = await this.#runAtMost(
      LIVENESS_MS,
      () => flips.unnoticed.length === 0 && areBelieved(this.#nodes, healedAt),
    );
    client.stop();
    if (isDone) return;
    if (!hasRightMajority(this.#world, this.#nodes))
      throw new NoPromiseLeft("too few voters have come to the newest state");
    const { unnoticed } = flips;
    const who =
      unnoticed.length > 0 ? `node ${unnoticed.join(", ")} is wrong and not fenced` : "no state is believed";
    throw new LivenessFailure(`healed, ${who} after ${LIVENESS_MS} ms`);
  }

  /** Waits longer while logs move: where windows are small, a follower gets one entry a round trip. Returns how long it waited, ms. */
  async #runWhileLogsMove(isDone: () => boolean): Promise<number> {
    for (let window = 1; ; window += 1) {
      const before = loggedAndApplied(this.#nodes);
      const isAtRest = await this.#runAtMost(LIVENESS_MS, isDone);
      const hasMoved = loggedAndApplied(this.#nodes) !== before;
      if (isAtRest || !hasMoved || window === LIVENESS_WINDOWS_MAX) return window * LIVENESS_MS;
    }
  }

  async #runAtMost(ms: number, isDone: () => boolean): Promise<boolean> {
    const end = this.#world.queue.nowMs + ms;
    await this.#runUntil(() => isDone() || this.#world.queue.nowMs >= end);
    return isDone();
  }

  async #runUntil(isDone: () => boolean): Promise<void> {
    const { queue } = this.#world;
    // What was begun outside of an event, such as the first start, comes to its first wait.
    await this.#settle();
    while (!isDone() && queue.runNext()) {
      await this.#settle();
      this.#steps += 1;
      if (this.#steps > this.#stepsMax) throw new EnoughSteps();
      for (const node of this.#touched) node.observe();
      this.#touched.clear();
      if (this.#finding !== null) throw this.#finding.error;
    }
  }

  /** Every promise that the event settled has run its chain to the end, or to where that waits for a later event. */
  async #settle(): Promise<void> {
    const { queue } = this.#world;
    for (let quiet = 0; quiet < QUIET_HOPS_MAX; quiet += 1) {
      if (queue.wasStirred()) quiet = 0;
      await SETTLED;
    }
  }

  #result(error: unknown): RunResult {
    const { queue, trace, checker } = this.#world;
    return {
      seed: this.#swarm.seed,
      verdict: verdictOf(error),
      what: error === null ? "" : describe(error),
      stack: error instanceof Error ? (error.stack ?? "") : "",
      traceHash: trace.hash,
      lastLines: trace.lastLines(),
      simulatedMs: queue.nowMs,
      counts: {
        steps: this.#steps,
        writes: checker.clients.writes,
        reads: checker.clients.reads,
        terms: checker.terms,
        committed: checker.committed,
        judged: this.#isJudged ? checker.owners.length : 0,
        ...checker.keys.counts,
        advanced: checker.waves.judged,
        quiesced: checker.quiesced,
        handOvers: checker.handOvers,
      },
      wasHealed: this.#wasHealed,
    };
  }
}
