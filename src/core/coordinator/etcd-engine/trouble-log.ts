// Calls to etcd that got no answer, in the log: each cause once, and again after a while.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { readRpcError } from "../../wire/rpc-error.ts";

const AGAIN_MS = 30_000;
const CAUSES_MAX = 100;

export function troubleLog(
  log: Pick<Log, "warn">,
  now: () => MonotonicMs,
): (address: string, error: unknown) => void {
  const told = new Map<string, MonotonicMs>();
  return (address, error) => {
    const { message } = readRpcError(error);
    const cause = `${address} ${message}`;
    const last = told.get(cause);
    if (last !== undefined && now() - last < AGAIN_MS) return;
    if (told.size >= CAUSES_MAX) told.clear();
    told.set(cause, now());
    log.warn("etcd did not answer a call", { endpoint: address, why: message });
  };
}
