// A plan as a file says it, and as the fleet keeps it.

import type { Executor } from "../../../core/rebind/plan.ts";
import type { Strategy, WavePlan } from "../../../core/rebind/waves/wave-plan.ts";
import { type CreatePlan, type Plan, PlanState } from "../../../core/wire/gen/fleet/v1/command.ts";

/** What a runner needs of a plan beside its steps. */
export type RunnablePlan = Pick<WavePlan, "name" | "executor" | "preconditions" | "strategy">;

export function toStored({ name, executor, base, preconditions, strategy, moves }: WavePlan): CreatePlan {
  const { lagMax, rooms } = preconditions;
  const { throttleLatencyMs, throttleLag, onFailure } = strategy;
  return {
    planId: name,
    base: { ...base },
    preconditions: {
      quorumMargin: preconditions.quorumMargin,
      lagMax,
      quietMs: preconditions.quietMs,
      rooms: Object.entries(rooms).map(([shardId, machines]) => ({ shardId, machines })),
    },
    strategy: {
      canary: strategy.canary,
      wave: strategy.wave,
      maxUnavailable: strategy.maxUnavailable,
      pauseMs: strategy.pauseMs,
      throttleLatencyMs,
      throttleLag,
      rollBackOnFailure: onFailure === "rollback",
      waveTimeoutMs: strategy.waveTimeoutMs,
    },
    command: executor.kind === "command" ? executor.command : "",
    steps: moves.length,
  };
}

/** Its clusters are free for other plans. */
export function isFinished({ state }: Pick<Plan, "state">): boolean {
  return state === PlanState.DONE || state === PlanState.ABORTED || state === PlanState.ROLLED_BACK;
}

export function fromStored({ planId, command, preconditions, strategy }: Plan): RunnablePlan {
  const { lagMax, rooms = [], quorumMargin = 0, quietMs = 0 } = preconditions ?? {};
  const executor: Executor = command === "" ? { kind: "local" } : { kind: "command", command };
  return {
    name: planId,
    executor,
    preconditions: {
      quorumMargin,
      ...(lagMax === undefined ? {} : { lagMax }),
      quietMs,
      rooms: Object.fromEntries(rooms.map(({ shardId, machines }) => [shardId, machines])),
    },
    strategy: strategyOf(strategy),
  };
}

function strategyOf(stored: Plan["strategy"]): Strategy {
  const { canary = 0, wave = 1, maxUnavailable = 1, pauseMs = 0, waveTimeoutMs = 1 } = stored ?? {};
  const { throttleLatencyMs, throttleLag, rollBackOnFailure = false } = stored ?? {};
  return {
    ...{ canary, wave, maxUnavailable, pauseMs, waveTimeoutMs },
    ...(throttleLatencyMs === undefined ? {} : { throttleLatencyMs }),
    ...(throttleLag === undefined ? {} : { throttleLag }),
    onFailure: rollBackOnFailure ? "rollback" : "pause",
  };
}
