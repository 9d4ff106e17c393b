// An operator who moves clusters in waves (ADR-0040), beside others who want the same clusters. Plans are made, run, taken over, paused,
// rolled back and aborted. A runner that was replaced does not know it, and continues. Each operation is sent until it is answered,
// without a session, so it may be applied twice and late. checks/wave-model.ts says what must hold.

import { isUnfinished } from "../fleet/plans/claims.ts";
import type { FleetView } from "../fleet/state.ts";
import { planStepKey } from "../fleet/tables/schema.ts";
import {
  type NewPlanStep,
  type Outcome,
  type Plan,
  PlanState,
  type PlanStep,
  PlanStepState,
} from "../wire/gen/fleet/v1/command.ts";
import type { Chance } from "./chance.ts";
import { WAVE_CLUSTERS } from "./checks/wave-model.ts";
import type { SimNode } from "./node.ts";
import type { SimSession } from "./session.ts";
import type { World } from "./world.ts";
import { type Act as AnyAct, writeUpgraded } from "./write-upgraded.ts";

const SHARDS = ["wave-a", "wave-b"] as const;
const ACTOR = "fleet://admin";
const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;
const SECOND_PLAN_PERMILLE = 150;
const LEAVES_PERMILLE = 40;
const PAUSES_PERMILLE = 40;
const ABORTS_PERMILLE = 20;
const ROLLS_BACK_PERMILLE = 250;
const FAILS_PERMILLE = 150;

export interface MigratorOptions {
  readonly name: string;
  readonly world: World;
  readonly chance: Chance;
  readonly nodes: readonly SimNode[];
}

type Act = Omit<AnyAct, "actor">;

export class Migrator {
  readonly #options: MigratorOptions;
  readonly #session: SimSession;
  #plans = 0;
  /** The plan that it uploads. */
  #draft: Draft | null = null;
  /** The plan that it takes itself to run. */
  #run: Run | null = null;

  constructor(options: MigratorOptions) {
    this.#options = options;
    this.#session = writeUpgraded(options, 1, (view) => ({ actor: ACTOR, ...this.#draw(view) }));
  }

  stop(): void {
    this.#session.stop();
  }

  #draw(view: FleetView): Act {
    const shardId = SHARDS.find((shard) => view.tables.shards.get(shard) === undefined);
    if (shardId !== undefined) {
      const value = { shardId, address: "127.0.0.1:1", epoch: 1, region: "", zone: "" };
      return { kind: { $case: "registerShard", value } };
    }
    const clusterId = WAVE_CLUSTERS.find((cluster) => view.tables.bindings.get(cluster) === undefined);
    if (clusterId !== undefined)
      return {
        kind: { $case: "bindCluster", value: { clusterId, shardId: this.#options.chance.pick(SHARDS) } },
      };
    if (this.#draft !== null) return this.#upload(this.#draft);
    if (this.#run !== null) return this.#advance(view, this.#run);
    return this.#begin(view);
  }

  /** A plan of its own, or one that another operator began. */
  #begin(view: FleetView): Act {
    const { chance } = this.#options;
    const open = [...view.tables.plans.rows()].filter(isUnfinished);
    if (open.length === 0 || (open.length === 1 && chance.permille(SECOND_PLAN_PERMILLE)))
      return this.#create(view);
    const plan = chance.pick(open);
    // Its steps are known to who made it, who may be gone.
    if (plan.added < plan.steps) return abort(plan.planId);
    return this.#take(plan, chance.permille(ROLLS_BACK_PERMILLE));
  }

  #create({ tables }: FleetView): Act {
    const { name, chance } = this.#options;
    this.#plans += 1;
    const planId = `${name}-${this.#plans}`;
    const clusters = chance.sample(WAVE_CLUSTERS, chance.between(1, WAVE_CLUSTERS.length));
    const steps = clusters.flatMap((clusterId): NewPlanStep[] => {
      const row = tables.bindings.get(clusterId);
      if (row === undefined) return [];
      const toShard = SHARDS.find((shard) => shard !== row.shardId) ?? SHARDS[0];
      return [{ clusterId, fromShard: row.shardId, toShard, version: row.version }];
    });
    const value = {
      ...{ planId, command: "", steps: steps.length },
      base: { clusterId: "sim", revision: 1, bindingsHash: "none" },
      preconditions: { quorumMargin: 0, quietMs: 0, rooms: [] },
      strategy: {
        ...{ canary: 0, wave: 2, maxUnavailable: chance.between(1, 3), pauseMs: 0 },
        ...{ rollBackOnFailure: false, waveTimeoutMs: 1_000 },
      },
    };
    this.#draft = { planId, steps, added: 0 };
    return { kind: { $case: "createPlan", value } };
  }

  #upload(draft: Draft): Act {
    const { name, chance } = this.#options;
    const { planId, steps, added } = draft;
    if (added >= steps.length || chance.permille(LEAVES_PERMILLE)) {
      this.#draft = null;
      const value = { planId, runner: name, expectedFence: 0, rollBack: false };
      return { kind: { $case: "takePlan", value }, heard: (outcome) => this.#took(planId, outcome) };
    }
    const slice = steps.slice(added, added + chance.between(1, steps.length));
    return {
      kind: { $case: "addPlanSteps", value: { planId, first: added + 1, steps: slice } },
      heard: (outcome) => {
        // A slice that arrived twice may be answered by the refusal of its second arrival.
        if (reasonOf(outcome) === "CLUSTER_CLAIMED") this.#draft = null;
        else draft.added += slice.length;
      },
    };
  }

  #take({ planId, fence }: Readonly<Plan>, rollBack: boolean): Act {
    const value = { planId, runner: this.#options.name, expectedFence: fence, rollBack };
    return { kind: { $case: "takePlan", value }, heard: (outcome) => this.#took(planId, outcome) };
  }

  #took(planId: string, { result }: Outcome): void {
    if (result?.$case === "applied") this.#run = { planId, fence: result.value.version };
  }

  /** As the runner that it takes itself for: what it sees of the plan may be another runner's work. */
  #advance({ tables }: FleetView, { planId, fence }: Run): Act {
    const { chance } = this.#options;
    const heard = (outcome: Outcome) => this.#noticed(outcome);
    if (chance.permille(LEAVES_PERMILLE)) this.#run = null;
    if (chance.permille(ABORTS_PERMILLE)) return { ...abort(planId), heard };
    if (chance.permille(PAUSES_PERMILLE)) {
      return {
        kind: { $case: "pausePlan", value: { planId, cause: "", fence: chance.pick([0, fence]) } },
        heard,
      };
    }
    const plan = tables.plans.get(planId);
    if (plan?.state === PlanState.PAUSED) return this.#take(plan, chance.permille(ROLLS_BACK_PERMILLE));
    const steps = WAVE_CLUSTERS.flatMap(
      (cluster) => tables.planSteps.get(planStepKey(planId, cluster)) ?? [],
    );
    const next = chance
      .sample(steps, steps.length)
      .flatMap((step) => {
        const to = this.#next(step, plan?.rollingBack === true);
        return to === null ? [] : [{ clusterId: step.clusterId, to }];
      })
      .at(0);
    if (next === undefined) return { kind: { $case: "endPlan", value: { planId, fence } }, heard };
    const failure = next.to === FAILED ? "TIMED_OUT" : "";
    return { kind: { $case: "advanceStep", value: { planId, fence, ...next, failure } }, heard };
  }

  /** Null: nothing is left to do for it. */
  #next({ state, begun }: Readonly<PlanStep>, rollingBack: boolean): PlanStepState | null {
    const fails = this.#options.chance.permille(FAILS_PERMILLE);
    if (state === UNDOING) return fails ? FAILED : UNDONE;
    if (rollingBack) return begun ? UNDOING : null;
    if (state === PENDING) return fails ? FAILED : UNDER_WAY;
    if (state === UNDER_WAY) return fails ? FAILED : DONE;
    return state === FAILED ? UNDER_WAY : null;
  }

  #noticed(outcome: Outcome): void {
    if (["PLAN_FENCED", "PLAN_ENDED", "PLAN_UNKNOWN"].includes(reasonOf(outcome))) this.#run = null;
  }
}

interface Draft {
  readonly planId: string;
  readonly steps: readonly NewPlanStep[];
  added: number;
}

interface Run {
  readonly planId: string;
  readonly fence: number;
}

const abort = (planId: string): Act => ({ kind: { $case: "endPlan", value: { planId, fence: 0 } } });

const reasonOf = ({ result }: Outcome): string => (result?.$case === "rejected" ? result.value.reason : "");
