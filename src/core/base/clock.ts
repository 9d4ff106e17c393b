// The two clocks. The monotonic clock only counts up and cannot be set: durations, deadlines, ages and liveness come from it.
// The wall clock says what time it is, is set by people and by NTP, and may step back: it is for showing (ADR-0020).
// What must stay true: this file alone reads the wall clock of the system in src/core, and the types do not mix.

declare const kind: unique symbol;
/** A plain number passes for either, so that arithmetic needs no casts; one clock's reading never passes for the other's. */
type Reading<Kind extends string> = number & { readonly [kind]?: Kind };

/** Milliseconds since an arbitrary moment of this process or machine: only differences mean something. */
export type MonotonicMs = Reading<"monotonic">;
/** Whole milliseconds since 1970, never negative: as they travel and are stored. */
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
 * How long ago a wall time was that this process did not measure itself: a file's, a row's. Zero when it lies in the
 * future, since one of the clocks was wrong. For showing only.
 */
export function shownAgeMs(since: WallMs, now: WallMs): number {
  return Math.max(0, Math.round(now - since));
}

/** For libraries that take a deadline as a wall time: to be handed over at once. What they tell is converted where it comes in. */
export function wallTimeOf(moment: MonotonicMs, clock: Clock = systemClock): WallMs {
  return clock.wallMs() + (moment - clock.monotonicMs());
}
