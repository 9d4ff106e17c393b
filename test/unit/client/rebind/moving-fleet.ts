// A fleet to rebind in, made of the real rules and no I/O. The rules are the replicated state machine, what shards do
// with contacts and instructions, and how reports become views. Time passes with each look: agents dial on one,
// shards report on the next. A run can be cut off before or after any of its effects.

import type { Listed } from "../../../../src/client/all-pages.ts";
import type { ReadOptions } from "../../../../src/client/leader-reads.ts";
import { toOperatorError } from "../../../../src/client/operator-errors.ts";
import type { AgentMover } from "../../../../src/client/rebind/executor.ts";
import type { RebindClient } from "../../../../src/client/rebind/run-plan.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { rejectionError } from "../../../../src/core/coordinator/calls/refusals.ts";
import { instructionsFor } from "../../../../src/core/coordinator/reports/instructions.ts";
import { Observed } from "../../../../src/core/coordinator/reports/observed.ts";
import { clusterView, shardView } from "../../../../src/core/coordinator/services/views.ts";
import { listBindings, listShards } from "../../../../src/core/fleet/query.ts";
import type { Move } from "../../../../src/core/rebind/plan.ts";
import {
  type Binding,
  contact,
  obey,
  readInstruction,
  sessionEnded,
} from "../../../../src/core/shard/binding-table.ts";
import { shardBindings } from "../../../../src/core/shard/report.ts";
import type { Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type {
  BindingInstruction,
  ListClustersResponse,
  ListPlanStepsResponse,
  ListPlansResponse,
  ListShardsResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ReadStamp } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { bind, Replica, register } from "../../fleet/replica.ts";

/** The end of the process that ran the plan. */
export class CutOff extends Error {}

class Shard {
  readonly bindings = new Map<string, Binding>();
  readonly sessions = new Set<string>();
  isSilent = false;
  /** As with a certificate that it does not trust: it reports, and no agent gets a session. */
  isClosed = false;
  /** Clusters that have had a session since they were last forgotten here. */
  readonly served = new Set<string>();

  kill(): void {
    this.isSilent = true;
    this.isClosed = true;
    for (const cluster of [...this.sessions]) this.hangUp(cluster);
  }

  start(): void {
    this.isSilent = false;
    this.isClosed = false;
  }

  dial(cluster: string): void {
    if (this.isClosed) return;
    const outcome = contact(this.bindings.get(cluster));
    if (outcome.kind === "refused") return;
    this.bindings.set(cluster, outcome.binding);
    this.sessions.add(cluster);
    this.served.add(cluster);
  }

  hangUp(cluster: string): void {
    const binding = this.bindings.get(cluster);
    if (this.sessions.delete(cluster) && binding) this.bindings.set(cluster, sessionEnded(binding));
  }

  follow(wire: BindingInstruction): void {
    const instruction = present(readInstruction(wire), "the tests know all actions");
    const { clusterId } = wire;
    const after = obey(this.bindings.get(clusterId), instruction, this.sessions.has(clusterId));
    if (after) this.bindings.set(clusterId, after);
    else this.bindings.delete(clusterId);
  }
}

/** Where an agent is configured to dial, and where its running process was told to. */
interface FakeAgent {
  configured: string;
  dialing: string;
}

/** The fleet as a client asks it, with some of its answers replaced. */
export function clientWith(fleet: MovingFleet, replaced: Partial<RebindClient>): RebindClient {
  return {
    listShards: fleet.listShards.bind(fleet),
    listClusters: fleet.listClusters.bind(fleet),
    submit: fleet.submit.bind(fleet),
    ...replaced,
  };
}

export class MovingFleet implements RebindClient, AgentMover {
  readonly replica = new Replica();
  readonly shards = new Map<string, Shard>();
  readonly agents = new Map<string, FakeAgent>();
  readonly #observed = new Observed();
  readonly #liveness = { suspectAfterMs: 30_000, deadAfterMs: 60_000 };
  #leadsSinceMs = performance.now();
  term = 1;
  /** How many more effects the run has before it is cut off. */
  effectsLeft = Number.POSITIVE_INFINITY;
  #looks = 0;
  #cycle = 0;

  /** Two shards, and clusters that s1 owns and serves. */
  static withClusters(...clusters: readonly string[]): MovingFleet {
    const fleet = new MovingFleet();
    for (const shard of ["s1", "s2"]) {
      fleet.shards.set(shard, new Shard());
      fleet.replica.apply(register(shard));
    }
    for (const cluster of clusters) {
      fleet.agents.set(cluster, { configured: "s1", dialing: "s1" });
      fleet.replica.apply(bind(cluster, "s1"));
    }
    fleet.settleDown();
    return fleet;
  }

  /** Lets time pass until reports and instructions have nothing new to say. */
  settleDown(): void {
    for (let turn = 0; turn < 4; turn++) {
      this.#dial();
      this.#report();
    }
  }

  changeLeader(): void {
    this.term += 1;
    this.#leadsSinceMs = performance.now();
    this.#observed.forgetAll();
  }

  shard(name: string): Shard {
    const shard = this.shards.get(name);
    if (shard === undefined) throw new Error(`no shard ${name}`);
    return shard;
  }

  /** As an operator does by hand, past every tool. */
  dialByHand(cluster: string, shard: string): void {
    this.agents.set(cluster, { configured: shard, dialing: shard });
    this.settleDown();
  }

  binding(cluster: string) {
    return this.replica.state.tables.bindings.get(cluster);
  }

  async listShards(): Promise<Listed<ListShardsResponse>> {
    const { state } = this.replica;
    const { counts } = state;
    const sight = this.#sight();
    const shards = listShards(state).map((shard) => shardView(shard, counts, sight));
    return { stamp: this.#stamp(), shards, more: false };
  }

  async listClusters(): Promise<Listed<ListClustersResponse>> {
    this.#effect();
    this.#looks += 1;
    if (this.#looks % 2 === 0) this.#report();
    else this.#dial();
    const { state } = this.replica;
    const sight = this.#sight();
    const clusters = listBindings(state).map((row) => clusterView(row.clusterId, row, sight));
    const observedComplete = [...this.shards.keys()].every((shard) => this.#observed.report(shard));
    return { stamp: this.#stamp(), clusters, observedComplete, more: false };
  }

  async submit({ kind }: Operation) {
    this.#effect();
    const { result, index } = this.replica.apply(kind);
    if (result?.$case === "rejected") throw toOperatorError(rejectionError(result.value));
    this.#effect();
    const { changed = true, version = 0 } = result?.value ?? {};
    return { index, term: this.term, changed, version, summary: "" };
  }

  async listPlans(): Promise<Listed<ListPlansResponse>> {
    const plans = [...this.replica.state.tables.plans.rows()];
    return { stamp: this.#stamp(), plans, runners: [], more: false };
  }

  async listPlanSteps({ filter }: ReadOptions = {}): Promise<Listed<ListPlanStepsResponse>> {
    const rows = [...this.replica.state.tables.planSteps.rows()];
    return {
      stamp: this.#stamp(),
      steps: rows.filter(({ planId }) => planId === filter?.planId),
      more: false,
    };
  }

  async check(): Promise<void> {
    this.#effect();
  }

  async moveAgent(move: Move, address: string): Promise<void> {
    const agent = this.agents.get(move.cluster);
    if (agent === undefined) throw new Error(`no agent of ${move.cluster}`);
    this.#effect();
    agent.configured = address.replace(":1", "");
    this.#effect();
    agent.dialing = agent.configured;
    this.#effect();
  }

  #effect(): void {
    if (this.effectsLeft <= 0) throw new CutOff();
    this.effectsLeft -= 1;
  }

  #sight() {
    const nowMs = performance.now();
    const leadsForMs = nowMs - this.#leadsSinceMs;
    const { term } = this;
    const incarnation = { id: "test", epoch: 0 };
    return {
      observed: this.#observed,
      nowMs,
      wallMs: Date.now(),
      term,
      incarnation,
      leadsForMs,
      liveness: this.#liveness,
    };
  }

  #stamp() {
    const { appliedIndex } = this.replica.state;
    return ReadStamp.fromPartial({ index: appliedIndex, term: this.term, nodeId: 1, leads: true });
  }

  #dial(): void {
    for (const [cluster, { dialing }] of this.agents) {
      for (const [name, shard] of this.shards) {
        if (name !== dialing) shard.hangUp(cluster);
        else if (!shard.sessions.has(cluster)) shard.dial(cluster);
      }
    }
  }

  #report(): void {
    this.#cycle += 1;
    const { bindings } = this.replica.state.tables;
    for (const [shardId, shard] of this.shards) {
      if (shard.isSilent) continue;
      const rows = shardBindings(shard.bindings, (cluster) => shard.sessions.has(cluster));
      const report = {
        ...{ shardId, address: `${shardId}:1`, region: "", zone: "", epoch: 1, cycle: this.#cycle },
        ...{
          bindings: rows,
          summary: undefined,
          shortfalls: [],
          acks: [],
          doubleDials: [],
          heldDomains: undefined,
          coordinatorTerm: 0,
          ...{ shortfallsLeftOut: 0, doubleDialsLeftOut: 0 },
        },
      };
      this.#observed.take(report, performance.now());
      const instructions = instructionsFor(shardId, rows, {
        binding: (cluster) => bindings.get(cluster),
        shardAddress: (name) => `${name}:1`,
        appliedIndex: this.replica.state.appliedIndex,
        isNobodysBut: () => true,
      });
      for (const instruction of instructions) shard.follow(instruction);
    }
  }
}
