// The fuzzers' own calls: they are honest, and honest callers try again.

import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/**
 * A member may be without a leader for a moment, and on a busy machine a handshake may take longer than its deadline. `onFailure` hears
 * of each attempt that fails.
 */
export async function untilDone<Done>(
  work: () => Promise<Done>,
  onFailure: (error: unknown) => void = () => undefined,
): Promise<Done> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      onFailure(error);
      if (performance.now() > endMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
