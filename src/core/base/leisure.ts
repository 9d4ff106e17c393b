// Long work in slices, beside which others must be quick: it takes half of the time at most. A turn for others after each
// slice would let in only what is ready by then; an answer that needs several turns would wait for as many slices.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

const WORK_MS = 4;

/** What to wait for after each slice: a turn and, once some milliseconds have been worked, as many of rest. */
export function atLeisure(): () => Promise<void> {
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
