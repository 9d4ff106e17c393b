// Which steps make the next wave. The first wave is the canary: a few clusters, so that a mistake of the plan
// hits only them. A resumed plan begins with what an earlier runner left under way.

import { type PlanStep, PlanStepState } from "../../wire/gen/fleet/v1/command.ts";
import type { Strategy } from "./wave-plan.ts";

export type StepView = Readonly<Pick<PlanStep, "clusterId" | "number" | "state" | "begun">>;

const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;

/** In the plan's order, or in the reverse order for a rollback; empty = nothing is left. */
export function nextWave<Step extends StepView>(
  steps: readonly Step[],
  { canary, wave }: Strategy,
  rollingBack: boolean,
): readonly Step[] {
  return rollingBack ? nextWaveBack(steps, wave) : nextWaveForward(steps, canary, wave);
}

function nextWaveForward<Step extends StepView>(
  steps: readonly Step[],
  canary: number,
  wave: number,
): readonly Step[] {
  const left = steps.filter(({ state }) => state === PENDING || state === UNDER_WAY || state === FAILED);
  // A cluster under way is not served until its step ends, so it comes first.
  const begun = inOrder(left.filter((step) => step.begun));
  const waiting = inOrder(left.filter((step) => !step.begun));
  const isFirst = !steps.some(({ state }) => state === DONE);
  const size = isFirst && canary > 0 ? canary : wave;
  return [...begun, ...waiting].slice(0, Math.max(size, begun.length));
}

function nextWaveBack<Step extends StepView>(steps: readonly Step[], wave: number): readonly Step[] {
  const left = steps.filter((step) => step.begun && step.state !== UNDONE);
  const last = inOrder(left).reverse();
  const urgent = last.filter(({ state }) => state !== DONE);
  const settled = last.filter(({ state }) => state === DONE);
  return [...urgent, ...settled].slice(0, Math.max(wave, urgent.filter(isMoving).length));
}

const isMoving = ({ state }: StepView) => state === UNDER_WAY || state === UNDOING;

function inOrder<Step extends StepView>(steps: readonly Step[]): Step[] {
  return steps.toSorted((a, b) => a.number - b.number);
}

/** How many waves a new plan has. */
export function countWaves(steps: number, { canary, wave }: Strategy): number {
  const first = canary > 0 ? canary : wave;
  return steps <= first ? 1 : 1 + Math.ceil((steps - first) / wave);
}
