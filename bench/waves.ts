// A migration of 2 000 clusters in waves of 50 under a leader that is killed twice. It uses three real coordinators,
// the product's own runner, and the lab's shards and agents. What must hold: all clusters moved, and no cluster is
// ever served by two shards. A cluster is without a shard no longer than its agent takes to reconnect and to dial
// once more.

import { setTimeout as sleep } from "node:timers/promises";
import { FleetClient } from "../src/client/fleet-client.ts";
import { fillLab } from "../src/client/lab/fill-lab.ts";
import { LabFleet } from "../src/client/lab/lab-fleet.ts";
import { LabLink } from "../src/client/lab/lab-link.ts";
import { SteadyLab } from "../src/client/lab/steady-lab.ts";
import { bindingsHash } from "../src/client/rebind/waves/bindings-hash.ts";
import { PlanJournal } from "../src/client/rebind/waves/journal.ts";
import { leaderHealth } from "../src/client/rebind/waves/leader-health.ts";
import { runWaves } from "../src/client/rebind/waves/run-waves.ts";
import { takePlan, thisRunner } from "../src/client/rebind/waves/start-plan.ts";
import { fromStored } from "../src/client/rebind/waves/stored-plan.ts";
import { uploadPlan } from "../src/client/rebind/waves/upload-plan.ts";
import { systemWaitClock } from "../src/core/base/wait-clock.ts";
import type { LabShard } from "../src/core/lab/lab-shard.ts";
import { STRATEGY, type WavePlan } from "../src/core/rebind/waves/wave-plan.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { settledLeader } from "./load/store.ts";
import type { Table } from "./table.ts";

const SHARDS = 8;
const WAVE = 50;
const KILLS = 2;
/** What an agent needs to dial its new shard. */
const RECONNECT_MS = 100;
/** After this it dials again, if the shard has refused it. */
const REDIAL_MS = 200;
const DEAD_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** Moves `moved` clusters from one half of the shards to the other; as many others stay. */
export async function benchWaves(moved = 2_000): Promise<readonly Table[]> {
  const store = await FleetStore.start({ nodes: 3, tls: "mutual" });
  const target = await store.target();
  const client = FleetClient.connect(target);
  const link = new LabLink(target);
  const none = { domains: 0, quotas: 0, shortfalls: 0 };
  const lab = new LabFleet(link, { shards: SHARDS, clusters: 2 * moved, ...none, reportEveryMs: 500 }, 1);
  try {
    await fillLab(client, lab, { signal: new AbortController().signal, onProgress: () => undefined });
    const steady = new SteadyLab(client, lab, { writesPerSecond: 0, dialEveryMs: 0, domains: [] });
    const agents = new Agents(lab);
    try {
      return [await measure({ store, client, agents, plan: await planOf(client, lab) })];
    } finally {
      await agents.end();
      await steady.stop();
    }
  } finally {
    link.close();
    client.close();
    await store.dispose();
  }
}

/** The lab's agents: each is at one shard, or on its way to one. Looks again and again who serves what. */
class Agents {
  readonly #shards: ReadonlyMap<string, LabShard>;
  readonly #seenMs = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #looking: Promise<void>;
  longestUnservedMs = 0;
  doubles = 0;

  constructor({ shards }: LabFleet) {
    this.#shards = new Map(shards.map((shard) => [shard.id, shard]));
    this.#looking = this.#look();
  }

  async end(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  /** Hangs up wherever the agent is, as a restart does, and dials until the shard takes it. */
  async move(cluster: string, to: string): Promise<void> {
    for (const shard of this.#shards.values()) if (shard.id !== to) shard.hangUp(cluster);
    await sleep(RECONNECT_MS);
    while (this.#shards.get(to)?.dial(cluster) !== true) await sleep(REDIAL_MS);
  }

  async #look(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const nowMs = performance.now();
      const served = [...this.#shards.values()].flatMap(({ clusters }) => clusters);
      this.doubles += served.length - new Set(served).size;
      for (const cluster of served) this.#seenMs.set(cluster, nowMs);
      for (const seenMs of this.#seenMs.values()) {
        this.longestUnservedMs = Math.max(this.longestUnservedMs, nowMs - seenMs);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function planOf(client: FleetClient, { shards }: LabFleet): Promise<WavePlan> {
  const { clusters, stamp } = await client.listClusters();
  const bindings = clusters.flatMap(({ declared }) => declared ?? []);
  const names = shards.map(({ id }) => id);
  const [from, to] = [names.slice(0, SHARDS / 2), names.slice(SHARDS / 2)];
  const moves = bindings.flatMap(({ clusterId, shardId, version }) => {
    const target = to[from.indexOf(shardId)];
    return target === undefined ? [] : [{ cluster: clusterId, from: shardId, to: target, version }];
  });
  const { index = 0, incarnation = "" } = stamp ?? {};
  return {
    ...{ version: 2, name: "bench-waves", executor: { kind: "command", command: "true" }, moves },
    base: { clusterId: incarnation, revision: index, bindingsHash: bindingsHash(bindings) },
    preconditions: { quorumMargin: 0, quietMs: 0, rooms: {} },
    strategy: { ...STRATEGY, wave: WAVE, maxUnavailable: WAVE },
  };
}

interface Bench {
  readonly store: FleetStore;
  readonly client: FleetClient;
  readonly agents: Agents;
  readonly plan: WavePlan;
}

async function measure({ store, client, agents, plan }: Bench): Promise<Table> {
  const journal = new PlanJournal(client, plan.name, "bench");
  await uploadPlan(client, plan, "bench");
  const row = await takePlan(journal, false, systemWaitClock, () => undefined);
  const startedMs = performance.now();
  let waves = 0;
  const kills = killer(store, plan.moves.length);
  const ended = new Set<string>();
  const end = await runWaves(fromStored(row), {
    ...{ reads: client, journal, clock: systemWaitClock, runner: thisRunner(), isStopping: () => false },
    mover: { check: async () => undefined, moveAgent: ({ cluster, to }) => agents.move(cluster, to) },
    health: async () => leaderHealth(await client.status()),
    events: {
      onWave: (number) => {
        waves = number;
      },
      onRow: () => undefined,
      onStep: (cluster, text) => {
        if (text === "done") ended.add(cluster);
        kills.at(ended.size);
      },
      onWait: () => undefined,
    },
  });
  const tookMs = performance.now() - startedMs;
  await kills.end();
  const { done, failed } = await journal.row();
  const { clusters } = await client.listClusters();
  const owners = new Map(clusters.map(({ clusterId, declared }) => [clusterId, declared?.shardId]));
  const atTarget = plan.moves.filter(({ cluster, to }) => owners.get(cluster) === to).length;
  return {
    title: `${plan.moves.length} clusters in waves of ${WAVE}, the leader killed ${kills.count} times`,
    header: ["what", "measured", "to reach"],
    rows: [
      ["plan", `${end.kind}${end.why === "" ? "" : `: ${end.why}`}`, "done"],
      ["clusters at their target", String(atTarget), String(plan.moves.length)],
      ["steps done, failed", `${done}, ${failed}`, `${plan.moves.length}, 0`],
      ["waves", String(waves), "–"],
      ["the whole plan", `${(tookMs / 1_000).toFixed(1)} s`, "–"],
      ["served by two shards at a look", String(agents.doubles), "0"],
      [
        "longest without a shard",
        `${Math.round(agents.longestUnservedMs)} ms`,
        `${RECONNECT_MS + REDIAL_MS} ms: a reconnect and a redial`,
      ],
    ],
  };
}

/** Kills the leader each time that another third of the clusters has moved, and starts it again after a while. */
function killer(store: FleetStore, total: number) {
  const running: Promise<void>[] = [];
  const failures: unknown[] = [];
  const killOne = async () => {
    const leader = await settledLeader(store);
    await leader.kill();
    await sleep(DEAD_MS);
    leader.start();
  };
  return {
    get count() {
      return running.length;
    },
    at(done: number): void {
      if (running.length < KILLS && done >= ((running.length + 1) * total) / (KILLS + 1))
        // One after the other: of three coordinators only one is dead at a time.
        running.push(
          (running.at(-1) ?? Promise.resolve())
            .then(killOne)
            .catch((error: unknown) => void failures.push(error)),
        );
    },
    async end(): Promise<void> {
      await Promise.all(running);
      if (failures.length > 0)
        throw new AggregateError(failures, "a leader was not killed and started again");
    },
  };
}
