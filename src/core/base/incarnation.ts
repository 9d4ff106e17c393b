// One life of a cluster: founded, and begun anew by each recovery or restore (ADR-0016). Terms, indexes, sessions,
// versions and sequences mean something in their own incarnation only, for the next one goes on at +1 from a copy that
// may be older than what was given out. Pure.
// What must stay true: no two beginnings share an id, and an incarnation's epoch is above that of the copy it began from.

import { assert } from "./assert.ts";

export interface Incarnation {
  readonly id: string;
  /** Orders incarnations; 0 = it began before epochs were recorded. */
  readonly epoch: number;
}

/** disputed: two beginnings with one epoch, of which neither is known to be the later. */
export type IncarnationOrder = "same" | "newer" | "older" | "disputed";

/** The year 3000. An epoch is no later, unless a copy's is already: the clock of one host must not decide for ever. */
const TIME_MS_MAX = 32_503_680_000_000;

/** What `heard` is to one that obeys `obeyed`. */
export function orderOf(heard: Incarnation, obeyed: Incarnation): IncarnationOrder {
  if (heard.id === obeyed.id) return "same";
  if (heard.epoch === obeyed.epoch) return "disputed";
  return heard.epoch > obeyed.epoch ? "newer" : "older";
}

/** What is known of the copy that an incarnation begins from. */
export interface CopyAge {
  readonly epoch: number;
  /** When its newest entry was written, by the clock of the leader of then; 0 = unknown. */
  readonly newestMs: number;
}

/** Above the copy's own epoch and not before its newest entry; of two from one copy the later clock has the higher. */
export function nextEpoch({ epoch, newestMs }: CopyAge, nowMs: number): number {
  const next = Math.max(epoch + 1, believable(newestMs), believable(nowMs));
  assert(Number.isSafeInteger(next) && next > epoch, "an epoch rises with each beginning");
  return next;
}

/** By how much the clock is behind the copy's newest entry, in milliseconds; 0 = it is not. */
export function clockBehindMs({ epoch, newestMs }: CopyAge, nowMs: number): number {
  return Math.max(0, Math.max(newestMs, epoch) - nowMs);
}

const believable = (ms: number): number => Math.min(Math.max(0, Math.floor(ms)), TIME_MS_MAX);
