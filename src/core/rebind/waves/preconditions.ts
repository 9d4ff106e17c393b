// Whether the fleet is well enough for a plan to begin, for a wave to begin, and for one more step to begin.
// What must stay true: what is unknown never counts as well.

import type { Preconditions, Strategy } from "./wave-plan.ts";

/** Null = unknown: no leader answered, or it does not say. */
export interface Health {
  /** Voters that may still fail. */
  readonly quorumMargin: number | null;
  /** Entries that the last voter is behind. */
  readonly lag: number | null;
  /** How long the leader has led. */
  readonly reignMs: number | null;
  /** Of the slowest of a hundred commits lately; null also when there were none. */
  readonly commitMs: number | null;
}

export const UNKNOWN_HEALTH: Health = { quorumMargin: null, lag: null, reignMs: null, commitMs: null };

/** Each is a sentence without a full stop: what is not as the plan wants it. */
export function unmet(wanted: Preconditions, health: Health): readonly string[] {
  const { quorumMargin, lag, reignMs } = health;
  const whys: string[] = [];
  if (quorumMargin === null) whys.push("the fleet has no known leader");
  else if (quorumMargin < wanted.quorumMargin) {
    whys.push(`the fleet can lose ${quorumMargin} more voters, and the plan wants ${wanted.quorumMargin}`);
  }
  if (wanted.lagMax !== undefined && (lag === null || lag > wanted.lagMax)) {
    const behind = lag === null ? "by an unknown number of entries" : `${lag} entries`;
    whys.push(`a voter is behind ${behind}, and the plan allows ${wanted.lagMax}`);
  }
  if (quorumMargin !== null && wanted.quietMs > 0 && (reignMs === null || reignMs < wanted.quietMs)) {
    const ago = reignMs === null ? "an unknown time" : `${Math.floor(reignMs / 1_000)} s`;
    whys.push(`the leader was elected ${ago} ago, and the plan waits for ${wanted.quietMs / 1_000} s`);
  }
  return whys;
}

/** Free machines of a shard; null = it does not report them. */
export type FreeMachines = (shard: string) => number | null;

export function lackingRoom(wanted: Preconditions, free: FreeMachines): readonly string[] {
  return Object.entries(wanted.rooms).flatMap(([shard, machines]) => {
    const has = free(shard);
    if (has !== null && has >= machines) return [];
    const much = has === null ? "does not report its free machines" : `has ${has} free machines`;
    return [`shard ${shard} ${much}, and the plan needs ${machines}`];
  });
}

/** Why no further step begins now; null = it may. */
export function throttled(strategy: Strategy, { commitMs, lag }: Health): string | null {
  const { throttleLatencyMs: latencyMax, throttleLag: lagMax } = strategy;
  // An idle fleet commits nothing, and so is not slow.
  if (latencyMax !== undefined && commitMs !== null && commitMs > latencyMax) {
    return `commits take ${Math.round(commitMs)} ms, and the plan throttles above ${latencyMax} ms`;
  }
  if (lagMax !== undefined && (lag === null || lag > lagMax)) {
    const behind = lag === null ? "by an unknown number of entries" : `${lag} entries`;
    return `a voter is behind ${behind}, and the plan throttles above ${lagMax}`;
  }
  return null;
}
