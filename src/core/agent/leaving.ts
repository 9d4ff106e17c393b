// When an agent that moves may leave its old shard: pure. It first takes back its demand and waits while the
// shard reclaims its machines. Neither a dead shard nor a slow one may delay it for ever.

import type { DemandTaken } from "../wire/gen/fleet/v1/shard.ts";

export interface LeaveLimits {
  /** A shard that has not answered the empty roll-up by then is dead, or too old to know roll-ups. */
  readonly answerMs: number;
  /** Machines that are not reclaimed by then are left behind. */
  readonly drainMs: number;
}

export interface Leaving {
  readonly beganMs: number;
  /** The empty roll-up that took the demand back. */
  readonly rollup: number;
  /** Machines that are not reclaimed yet; null = the shard has not answered yet. */
  readonly machines: number | null;
}

export type MayGo =
  | { readonly go: false; readonly askAgainMs: number }
  | { readonly go: true; readonly why: "released" | "unanswered" | "out of time" };

/** Applies an answer of the shard; an answer to an older roll-up says nothing about this one. */
export function hear(leaving: Leaving, { number, machines }: DemandTaken): Leaving {
  return number >= leaving.rollup ? { ...leaving, machines } : leaving;
}

/** Whether to leave now, or when to ask again unless the shard answers first. */
export function mayGo({ beganMs, machines }: Leaving, limits: LeaveLimits, nowMs: number): MayGo {
  if (machines === 0) return { go: true, why: "released" };
  const limitMs = machines === null ? Math.min(limits.answerMs, limits.drainMs) : limits.drainMs;
  const leftMs = beganMs + limitMs - nowMs;
  if (leftMs > 0) return { go: false, askAgainMs: leftMs };
  return { go: true, why: machines === null ? "unanswered" : "out of time" };
}
