// Keeps a lease alive, and says how long it certainly lasts. What must stay true: `lastsUntilMs` is never later than
// the server's own expiry. So it counts from before a keep-alive was sent, on the monotonic clock.

import type { MonotonicMs } from "../../core/base/clock.ts";
import type { WaitClock } from "../../core/base/wait-clock.ts";
import { keepAliveOnce as askOnce } from "../../core/wire/etcd/keep-alive-once.ts";
import type { EtcdClient } from "./etcd-client.ts";

/** The lease's remaining time in seconds; 0: it has ended. Rejects when no endpoint answers by `endMs`. */
export async function keepAliveOnce(client: EtcdClient, id: string, endMs: MonotonicMs): Promise<number> {
  const node = await client.connectedNode();
  if (node === null) throw new Error("no endpoint is connected");
  try {
    return await askOnce(node.lease, id, endMs);
  } catch (error) {
    client.leave(node);
    throw error;
  }
}

/** A lease that is kept alive until it is stopped or lost. */
export interface KeptLease {
  readonly id: string;
  readonly ttlMs: number;
  /** Until when it certainly lasts, by the monotonic clock. */
  lastsUntilMs(): MonotonicMs;
  /** Resolves when the server says that it has ended. */
  readonly ended: Promise<void>;
  stop(): void;
}

export interface Keeping {
  readonly id: string;
  readonly ttlMs: number;
  /** When the grant was sent. */
  readonly sinceMs: MonotonicMs;
  readonly everyMs: number;
  readonly clock: WaitClock;
}

/** `renew`: one keep-alive (keepAliveOnce). A failed one is repeated soon, since another node may answer. */
export function keepLease(
  { id, ttlMs, sinceMs, everyMs, clock }: Keeping,
  renew: (endMs: MonotonicMs) => Promise<number>,
): KeptLease {
  const stopped = new AbortController();
  let untilMs = sinceMs + ttlMs;
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const sentMs = clock.now();
      const seconds = await renew(sentMs + everyMs).catch(() => null);
      if (seconds === 0) return;
      if (seconds !== null) untilMs = Math.max(untilMs, sentMs + seconds * 1000);
      await clock.sleep(seconds === null ? Math.min(RETRY_MS, everyMs) : everyMs, stopped.signal);
    }
    // Stopped is not ended.
    return new Promise(() => undefined);
  };
  return { id, ttlMs, lastsUntilMs: () => untilMs, ended: run(), stop: () => stopped.abort() };
}

const RETRY_MS = 200;
