// One incarnation of a cluster: it begins with bootstrap, and a new one with each recovery or restore
// (ADR-0016). Terms, indexes, sessions, versions and sequences have a meaning only within their incarnation.
// The next one continues at +1 from a copy that may be older than values already given out. Pure. What must
// stay true: no two incarnations share an id, and an incarnation's epoch is above that of the copy it started
// from.

import { assert } from "./assert.ts";

export interface Incarnation {
  readonly id: string;
  /** Orders incarnations; 0 = it began before epochs were recorded. */
  readonly epoch: number;
}

/** disputed: two incarnations with the same epoch, of which neither is known to be later. */
export type IncarnationOrder = "same" | "newer" | "older" | "disputed";

/**
 * The year 3000. No epoch is later, unless a copy's already is: one host's wrong clock must not decide for
 * ever.
 */
const TIME_MS_MAX = 32_503_680_000_000;

/** How the incarnation `heard` relates to the obeyed one. */
export function orderOf(heard: Incarnation, obeyed: Incarnation): IncarnationOrder {
  if (heard.id === obeyed.id) return "same";
  if (heard.epoch === obeyed.epoch) return "disputed";
  return heard.epoch > obeyed.epoch ? "newer" : "older";
}

/** What is known of the copy that an incarnation starts from. */
export interface CopyAge {
  readonly epoch: number;
  /** When its newest entry was written, by the clock of the leader at that time; 0 = unknown. */
  readonly newestMs: number;
}

/**
 * Above the copy's own epoch and not before its newest entry. Of two incarnations from one copy, the one with
 * the later clock has the higher epoch.
 */
export function nextEpoch({ epoch, newestMs }: CopyAge, nowMs: number): number {
  const next = Math.max(epoch + 1, believable(newestMs), believable(nowMs));
  assert(Number.isSafeInteger(next) && next > epoch, "an epoch rises with each beginning");
  return next;
}

/** How many milliseconds the clock is behind the copy's newest entry; 0 = it is not behind. */
export function clockBehindMs({ epoch, newestMs }: CopyAge, nowMs: number): number {
  return Math.max(0, Math.max(newestMs, epoch) - nowMs);
}

const believable = (ms: number): number => Math.min(Math.max(0, Math.floor(ms)), TIME_MS_MAX);
