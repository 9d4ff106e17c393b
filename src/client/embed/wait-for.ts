// Waits for what the log will show.

import type { WaitClock } from "../../core/base/wait-clock.ts";
import type { AppliedLog } from "./applied-log.ts";
import { closed } from "./errors.ts";

/**
 * Resolves to true once `claim` holds, and to false after `limitMs`. Throws the log's failure, and CLOSED when
 * `signal` is aborted.
 */
export async function waitFor(
  log: AppliedLog,
  claim: () => boolean,
  {
    limitMs,
    clock,
    signal,
  }: { readonly limitMs: number; readonly clock: WaitClock; readonly signal: AbortSignal },
): Promise<boolean> {
  if (log.failure !== null) throw log.failure;
  if (signal.aborted) throw closed();
  if (claim()) return true;
  const over = new AbortController();
  const shown = new Promise<void>((resolve) => {
    const stop = log.onChange(() => {
      if (claim() || log.failure !== null) resolve();
    });
    over.signal.addEventListener("abort", stop, { once: true });
  });
  const stop = AbortSignal.any([signal, over.signal]);
  const timeout = Number.isFinite(limitMs) ? clock.sleep(limitMs, stop) : untilAborted(stop);
  await Promise.race([shown, timeout]);
  over.abort();
  if (log.failure !== null) throw log.failure;
  if (claim()) return true;
  if (signal.aborted) throw closed();
  return false;
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
