// What migrations in waves promise (ADR-0040), as a second reading of the log:
// - Only a plan's newest runner advances it.
// - A cluster is in one unfinished plan at most. A plan moves it once, and back once.
// - The plan's journal says where its clusters are, and no more of them are under way than it allows.
// - A plan that is done has moved all its clusters. One that is rolled back has moved all of them back.

import type { LogIndex } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import { planStepKey } from "../../fleet/tables/schema.ts";
import {
  type Binding,
  Command,
  type Operation,
  type Outcome,
  type Plan,
  PlanState,
  type PlanStep,
  PlanStepState,
} from "../../wire/gen/fleet/v1/command.ts";
import { check } from "../violation.ts";

type Kind = NonNullable<Operation["kind"]>;
/** The clusters that are moved in waves here. */
export const WAVE_CLUSTERS: readonly string[] = ["w1", "w2", "w3", "w4"];
const RULE = "waves";
const OPEN: readonly PlanState[] = [PlanState.DRAFT, PlanState.RUNNING, PlanState.PAUSED];
const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;

export class WaveModel {
  /** By plan, the fence of its newest runner. */
  readonly #fences = new Map<string, number>();
  /** By cluster, its owner after the entry before. */
  readonly #owners = new Map<string, string>();
  /** By plan and cluster, how often the plan has moved it forth and back. */
  readonly #moves = new Map<string, number>();
  #decodedThrough = 0;
  #judged = 0;

  /** Steps that were applied. */
  get judged(): number {
    return this.#judged;
  }

  /** The first replica to apply the entry; another one gets the same state or is found by its hash. */
  applies(index: LogIndex, data: Uint8Array, outcome: Outcome | null, view: FleetView): void {
    if (index <= this.#decodedThrough || data.length === 0 || outcome === null) return;
    this.#decodedThrough = index;
    const kind = Command.decode(data).operation?.kind;
    const isNews = outcome.index === index && outcome.result?.$case === "applied";
    if (kind === undefined || !isNews || !("planId" in kind.value || kind.$case === "bindCluster")) return;
    if (kind.$case === "takePlan") this.#fences.set(kind.value.planId, index);
    if (kind.$case === "advanceStep") this.#advanced(kind.value.planId, kind.value.fence);
    this.#owned(kind, view);
    this.#judge(view);
  }

  #advanced(planId: string, fence: number): void {
    this.#judged += 1;
    const newest = this.#fences.get(planId);
    check(
      fence === newest,
      RULE,
      () => `a runner of plan ${planId} with fence ${fence} advanced it, its newest has ${newest}`,
    );
  }

  /** Owners change by steps only, once forth and once back. */
  #owned(kind: Kind, { tables }: FleetView): void {
    for (const cluster of WAVE_CLUSTERS) {
      const owner = tables.bindings.get(cluster)?.shardId ?? "";
      const before = this.#owners.get(cluster) ?? "";
      if (owner === before) continue;
      this.#owners.set(cluster, owner);
      if (before === "") continue;
      const { planId, clusterId } = kind.$case === "advanceStep" ? kind.value : { planId: "", clusterId: "" };
      check(
        clusterId === cluster,
        RULE,
        () => `cluster ${cluster} left ${before} by ${kind.$case}, which is no step of it`,
      );
      const key = planStepKey(planId, cluster);
      const isBack = kind.$case === "advanceStep" && kind.value.to === UNDOING;
      const moves = (this.#moves.get(key) ?? 0) + 1;
      this.#moves.set(key, moves);
      check(moves === (isBack ? 2 : 1), RULE, () => `plan ${planId} moved cluster ${cluster} ${moves} times`);
    }
  }

  #judge({ tables }: FleetView): void {
    const claimed = new Map<string, string>();
    for (const plan of tables.plans.rows()) {
      const steps = WAVE_CLUSTERS.flatMap(
        (cluster) => tables.planSteps.get(planStepKey(plan.planId, cluster)) ?? [],
      );
      judgeEnd(plan, steps);
      if (!OPEN.includes(plan.state)) continue;
      const underWay = steps.filter(({ state }) => state === UNDER_WAY || state === UNDOING).length;
      const limit = plan.strategy?.maxUnavailable ?? 0;
      check(
        underWay <= limit,
        RULE,
        () => `plan ${plan.planId} has ${underWay} steps under way, and may have ${limit}`,
      );
      for (const step of steps) {
        const other = claimed.get(step.clusterId);
        check(
          other === undefined,
          RULE,
          () => `cluster ${step.clusterId} is in plans ${other} and ${plan.planId}`,
        );
        claimed.set(step.clusterId, plan.planId);
        agrees(step, tables.bindings.get(step.clusterId));
      }
    }
  }
}

function judgeEnd({ planId, state }: Readonly<Plan>, steps: readonly Readonly<PlanStep>[]): void {
  const isDone = state !== PlanState.DONE || steps.every((step) => step.state === DONE);
  check(isDone, RULE, () => `plan ${planId} is done, and a step of it is not`);
  const isBack = state !== PlanState.ROLLED_BACK || steps.every(({ begun }) => !begun);
  check(isBack, RULE, () => `plan ${planId} is rolled back, and a step of it has begun`);
}

/** While a plan has a cluster, nothing else moves it: the step says where it is. A step that failed may have stopped anywhere. */
function agrees(step: Readonly<PlanStep>, binding: Readonly<Binding> | undefined): void {
  const { clusterId, planId, number, fromShard, toShard, state } = step;
  const migration = `${planId}-${number}`;
  const place = `${binding?.shardId} ${binding?.migration?.migrationId ?? "settled"}`;
  const wanted = wantedPlace();
  check(
    wanted === null || place === wanted,
    RULE,
    () => `cluster ${clusterId} is at ${place}, and its step says ${wanted}`,
  );

  function wantedPlace(): string | null {
    switch (state) {
      case UNDER_WAY:
        return `${toShard} ${migration}`;
      case DONE:
        return `${toShard} settled`;
      case UNDOING:
        return `${fromShard} ${migration}-undo`;
      case UNDONE:
        return `${fromShard} settled`;
      case PENDING:
      case FAILED:
      case PlanStepState.UNSPECIFIED:
      case PlanStepState.UNRECOGNIZED:
        return null;
    }
  }
}
