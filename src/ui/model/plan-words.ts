// A plan in words: its state, its progress, what it will change.

import type { WavesEnd } from "../../client/rebind/waves/run-waves.ts";
import type { SilentRunner } from "../../client/rebind/waves/silent-runners.ts";
import { formatDuration } from "../../core/base/duration.ts";
import { countWaves } from "../../core/rebind/waves/cut-waves.ts";
import type { Progress } from "../../core/rebind/waves/progress.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { type Plan, PlanState, type PlanStep, PlanStepState } from "../../core/wire/gen/fleet/v1/command.ts";
import type { Line } from "./line.ts";
import type { Mark } from "./table.ts";

const ROUTES_SHOWN = 10;

export function planStateWord({ state, rollingBack }: Pick<Plan, "state" | "rollingBack">): string {
  switch (state) {
    case PlanState.DRAFT:
      return "draft";
    case PlanState.RUNNING:
      return rollingBack ? "rolling back" : "running";
    case PlanState.PAUSED:
      return rollingBack ? "paused (rolling back)" : "paused";
    case PlanState.DONE:
      return "done";
    case PlanState.ABORTED:
      return "aborted";
    case PlanState.ROLLED_BACK:
      return "rolled back";
    case PlanState.UNSPECIFIED:
    case PlanState.UNRECOGNIZED:
      return "unknown";
  }
}

export function planMark({ state, failed }: Pick<Plan, "state" | "failed">): Mark {
  if (failed > 0) return "bad";
  if (state === PlanState.DONE || state === PlanState.ROLLED_BACK) return "good";
  return state === PlanState.RUNNING ? "unknown" : "warn";
}

export function stepStateWord(state: PlanStepState): string {
  switch (state) {
    case PlanStepState.PENDING:
      return "waiting";
    case PlanStepState.UNDER_WAY:
      return "under way";
    case PlanStepState.DONE:
      return "done";
    case PlanStepState.FAILED:
      return "failed";
    case PlanStepState.UNDOING:
      return "moving back";
    case PlanStepState.UNDONE:
      return "moved back";
    case PlanStepState.UNSPECIFIED:
    case PlanStepState.UNRECOGNIZED:
      return "unknown";
  }
}

/** Whether a reader of a plan's progress wants to see the step. */
export function isNotable({ state }: Pick<PlanStep, "state">): boolean {
  const { UNDER_WAY, UNDOING, FAILED } = PlanStepState;
  return state === UNDER_WAY || state === UNDOING || state === FAILED;
}

export function stepMark(state: PlanStepState): Mark {
  switch (state) {
    case PlanStepState.DONE:
    case PlanStepState.UNDONE:
      return "good";
    case PlanStepState.FAILED:
      return "bad";
    case PlanStepState.UNDER_WAY:
    case PlanStepState.UNDOING:
      return "warn";
    case PlanStepState.PENDING:
    case PlanStepState.UNSPECIFIED:
    case PlanStepState.UNRECOGNIZED:
      return "unknown";
  }
}

/** "120 of 2000 done, 10 under way, 1870 waiting, 0 failed; 12.1/s, 2m35s left" */
export function progressText({
  total,
  done,
  underWay,
  waiting,
  failed,
  perSecond,
  leftMs,
}: Progress): string {
  const counts = `${done} of ${total} done, ${underWay} under way, ${waiting} waiting, ${failed} failed`;
  if (perSecond === null || leftMs === null || done === total) return counts;
  return `${counts}; ${perSecond.toFixed(1)}/s, ${formatDuration(leftMs)} left`;
}

/** How many clusters move from where to where. */
export interface Route {
  readonly from: string;
  readonly to: string;
  readonly clusters: number;
}

export function routesOf(moves: readonly Omit<Route, "clusters">[]): readonly Route[] {
  const routes = new Map<string, Route>();
  for (const { from, to } of moves) {
    const key = `${from}\0${to}`;
    routes.set(key, { from, to, clusters: (routes.get(key)?.clusters ?? 0) + 1 });
  }
  return [...routes.values()].sort((a, b) => b.clusters - a.clusters);
}

/** One sentence of what the plan would do. */
export function planSentence(plan: WavePlan): string {
  const { strategy, moves, name } = plan;
  const { canary, wave, maxUnavailable, pauseMs, onFailure } = strategy;
  const waves = countWaves(moves.length, strategy);
  const first = canary > 0 && waves > 1 ? `, the first of ${canary}` : "";
  const rest = pauseMs > 0 ? `, ${formatDuration(pauseMs)} between them` : "";
  const failure = onFailure === "rollback" ? "rolls back" : "pauses";
  return `plan ${name}: ${moves.length} clusters to move in ${waves} waves of at most ${wave}${first}, ${maxUnavailable} at a time${rest}; a failure ${failure} it`;
}

/** The largest routes in words. */
export function routesText(routes: readonly Route[]): string {
  const shown = routes
    .slice(0, ROUTES_SHOWN)
    .map(({ from, to, clusters }) => `${clusters} from ${from} to ${to}`);
  return [
    ...shown,
    ...(routes.length > ROUTES_SHOWN ? [`${routes.length - ROUTES_SHOWN} more routes`] : []),
  ].join(", ");
}

/** The lines below a list of plans. */
export function silentRunnerLines(silent: readonly SilentRunner[]): Line[] {
  return silent.map(({ plan: { planId, runner }, silentMs }) => ({
    text: `plan ${planId}: its runner ${runner} has given no sign for ${formatDuration(silentMs)}; continue it with: fleet rebind resume ${planId}`,
    mark: "warn",
  }));
}

/** What a second Ctrl-C leaves: the fleet keeps the plan as it is, and another run takes it over. */
export function stoppedText(plan: string, underWay: number): string {
  return `stopped at once; ${underWay} under way; continue with: fleet rebind resume ${plan}`;
}

/** What Ctrl-C came to. What was under way may have been the plan's last step. */
export function interruptedText(plan: string, end: WavesEnd["kind"]): string {
  const undo = `undo it: fleet rebind rollback ${plan}`;
  switch (end) {
    case "paused":
      return `paused; continue with: fleet rebind resume ${plan}, or ${undo}`;
    case "done":
      return `plan ${plan} is done: its last step was under way; ${undo}`;
    case "rolled-back":
      return `plan ${plan} is rolled back: its last step was under way`;
    case "aborted":
      return `plan ${plan} was aborted; see: fleet rebind status ${plan}`;
    case "replaced":
      return `plan ${plan} has another runner; see: fleet rebind status ${plan}`;
  }
}
