// The two clocks. The monotonic clock only counts up and can't be set: durations, deadlines, ages and
// liveness use it. The wall clock gives the time of day. People and NTP set it, and it may step back, so it
// is only for display (ADR-0020). What must stay true: this file alone reads the system's wall clock in
// src/core, and the types do not mix.

declare const kind: unique symbol;
/**
 * A plain number is accepted for either, so that arithmetic needs no casts. One clock's reading is never
 * accepted for the other's.
 */
type Reading<Kind extends string> = number & { readonly [kind]?: Kind };

/** Milliseconds since an arbitrary moment of this process or machine: only differences have a meaning. */
export type MonotonicMs = Reading<"monotonic">;
/** Whole milliseconds since 1970, never negative: the form for messages and storage. */
export type WallMs = Reading<"wall">;

export interface Clock {
  readonly monotonicMs: () => MonotonicMs;
  readonly wallMs: () => WallMs;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  // A clock that was never set may show a time before 1970.
  wallMs: () => Math.max(0, Date.now()),
};

/** How long ago `since` was, in whole milliseconds: an age that travels as an unsigned number. */
export function elapsedMs(since: MonotonicMs, now: MonotonicMs): number {
  return Math.max(0, Math.round(now - since));
}

/**
 * The age of a wall time that another process set, such as a file's or a row's. Zero when it lies in the
 * future, because one of the clocks was wrong. Only for display.
 */
export function shownAgeMs(since: WallMs, now: WallMs): number {
  return Math.max(0, Math.round(now - since));
}

/**
 * For libraries that take a deadline as a wall time: to be passed on at once. Wall times that a library
 * returns are converted where they arrive.
 */
export function wallTimeOf(moment: MonotonicMs, clock: Clock = systemClock): WallMs {
  return clock.wallMs() + (moment - clock.monotonicMs());
}
