// A simulated process's timers: by its node's own clock, and gone with the process.

import type { Timers } from "../base/timers.ts";

export interface NodeTime {
  /** Runs the action later, unless the process is gone by then. */
  readonly later: (ms: number, action: () => void) => void;
  /** Of real milliseconds, how many the node's clock makes of them. */
  readonly clockRate: number;
}

/** Timers by the node's own clock, which may run too fast or too slowly. */
export function timersOf({ later, clockRate }: NodeTime): Timers {
  const cancellable = (start: (isCancelled: () => boolean) => void) => {
    let cancelled = false;
    start(() => cancelled);
    return () => {
      cancelled = true;
    };
  };
  return {
    after: (ms, action) =>
      cancellable((isCancelled) => later(ms / clockRate, () => !isCancelled() && action())),
    every: (ms, action) =>
      cancellable((isCancelled) => {
        const again = () => {
          if (isCancelled()) return;
          action();
          later(ms / clockRate, again);
        };
        later(ms / clockRate, again);
      }),
  };
}
