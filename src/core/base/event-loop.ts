// The event loop as pacing needs it: the time, and the moment when other work has had its turn.

import { type MonotonicMs, systemClock } from "./clock.ts";

/** A seam: tests control how time passes. */
export interface Loop {
  readonly now: () => MonotonicMs;
  /** Runs after the due timers and the waiting sockets were served. */
  nextPass(run: () => void): void;
  /** Runs when so many milliseconds have passed. */
  after(ms: number, run: () => void): void;
}

export const nodeLoop: Loop = {
  now: systemClock.monotonicMs,
  nextPass: (run) => void setImmediate(run),
  after: (ms, run) => void setTimeout(run, ms),
};
