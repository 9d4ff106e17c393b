// Splits long work into slices, so that it takes at most half of the time and other work stays fast. One turn
// for others after each slice would serve only what is ready by then. An answer that needs several turns
// would wait for as many slices.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

const WORK_MS = 4;

/** To be awaited after each slice: waits one turn, or after some milliseconds of work for the same time. */
export function halfDutyCycle(): () => Promise<void> {
  let workedMs = 0;
  let resumedMs = performance.now();
  return async () => {
    workedMs += performance.now() - resumedMs;
    if (workedMs < WORK_MS) {
      await nextTurn();
    } else {
      await sleep(workedMs);
      workedMs = 0;
    }
    resumedMs = performance.now();
  };
}
