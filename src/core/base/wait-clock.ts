// Waiting as a parameter: with a test's clock a command's wait ends at once.

import { setTimeout as sleep } from "node:timers/promises";

export interface WaitClock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemWaitClock: WaitClock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/** Asks `claim` every `everyMs` until it holds; false when it still does not after `limitMs`. */
export async function waitUntil(
  claim: () => Promise<boolean>,
  clock: WaitClock,
  limitMs: number,
  everyMs = 20,
): Promise<boolean> {
  const deadline = clock.now() + limitMs;
  while (!(await claim())) {
    if (clock.now() >= deadline) return false;
    await clock.sleep(everyMs);
  }
  return true;
}
