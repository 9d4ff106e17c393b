// The event loop as pacing sees it: what time it is, and when others have had their turn.

import { type MonotonicMs, systemClock } from "./clock.ts";

/** A seam: tests decide how time passes. */
export interface Loop {
  readonly now: () => MonotonicMs;
  /** After the timers that are due, and after what waits in sockets, was served. */
  nextPass(run: () => void): void;
}

export const nodeLoop: Loop = {
  now: systemClock.monotonicMs,
  nextPass: (run) => void setImmediate(run),
};
