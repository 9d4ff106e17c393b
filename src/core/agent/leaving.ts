// When an agent that moves may go from its old shard: pure. It first takes back its demand, and waits while the shard
// reclaims its machines; but neither a dead shard nor a slow one may hold it for ever.

import type { DemandTaken } from "../wire/gen/fleet/v1/shard.ts";

export interface LeaveLimits {
  /** A shard that has not answered the empty roll-up by then is as good as dead, or too old to know roll-ups. */
  readonly answerMs: number;
  /** What is not reclaimed by then is left behind. */
  readonly drainMs: number;
}

export interface Leaving {
  readonly beganMs: number;
  /** The empty roll-up that took the demand back. */
  readonly rollup: number;
  /** Machines still to be reclaimed; null = the shard has not answered yet. */
  readonly machines: number | null;
}

export type MayGo =
  | { readonly go: false; readonly askAgainMs: number }
  | { readonly go: true; readonly why: "released" | "unanswered" | "out of time" };

/** Follows an answer of the shard; one to an older roll-up says nothing about this one. */
export function hear(leaving: Leaving, { number, machines }: DemandTaken): Leaving {
  return number >= leaving.rollup ? { ...leaving, machines } : leaving;
}

/** Whether to go now, or when to ask again unless the shard speaks first. */
export function mayGo({ beganMs, machines }: Leaving, limits: LeaveLimits, nowMs: number): MayGo {
  if (machines === 0) return { go: true, why: "released" };
  const limitMs = machines === null ? Math.min(limits.answerMs, limits.drainMs) : limits.drainMs;
  const leftMs = beganMs + limitMs - nowMs;
  if (leftMs > 0) return { go: false, askAgainMs: leftMs };
  return { go: true, why: machines === null ? "unanswered" : "out of time" };
}
