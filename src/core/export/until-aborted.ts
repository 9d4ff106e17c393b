// Limits the time of work in a store: a server that does not answer, or a share that hangs, must not block
// the caller. What must stay true: once the signal is aborted, no new operation starts in the store. A hung
// share may still carry out an earlier one late.

import { Exit, OperatorError } from "../base/errors.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** Rejects with the signal's reason as soon as it is aborted, whatever `work` waits for. */
export async function untilAborted<T>(
  store: SnapshotStore,
  signal: AbortSignal,
  work: (store: SnapshotStore) => Promise<T>,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([aborted, work(obeying(store, signal))]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

export function storeTimedOut(place: string, limitMs: number): OperatorError {
  return new OperatorError("SNAPSHOT_STORE_TIMED_OUT", {
    what: `${place} did not finish within ${limitMs / 1_000} s`,
    why: "the store does not answer, or is too slow; no restore uses an export without a manifest",
    next: "check that the server answers and that the share does not hang, and try again",
    exit: Exit.TimedOut,
  });
}

function obeying(store: SnapshotStore, signal: AbortSignal): SnapshotStore {
  const obey = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const done = await work();
    signal.throwIfAborted();
    return done;
  };
  return {
    place: store.place,
    put: (key, bytes) => obey(() => store.put(key, bytes, signal)),
    get: (key) => obey(() => store.get(key, signal)),
    list: () => obey(() => store.list(signal)),
    delete: (key) => obey(() => store.delete(key, signal)),
  };
}
