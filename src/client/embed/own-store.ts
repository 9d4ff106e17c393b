// The store of a replica in this process (ADR-0053). Its calls go to the handlers of etcd's API, so both stores have
// the same answers and refusals.

import { systemWaitClock } from "../../core/base/wait-clock.ts";
import { type RunningCoordinator, startCoordinator } from "../../core/coordinator/coordinator.ts";
import type { LocalKeys } from "../../core/coordinator/etcd/local-keys.ts";
import {
  LeaseGrantRequest,
  LeaseRevokeRequest,
  RangeRequest,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import { answeredError, noAnswer, verdictOf } from "../etcd/etcd-errors.ts";
import type { Place } from "./coordinator.ts";
import { endFounding, ownReplica } from "./own-replica.ts";
import { CALL_MS, RETRY_MS } from "./setting.ts";
import type { KeyRange, Store } from "./store.ts";
import { WatchedEvents } from "./watched-events.ts";

/** A new fleet elects its leader, and makes the group of its keys. */
const OPEN_MS = 30_000;
const CALL_NAME = "the replica in this process";

/** Starts the replica; resolves when its keys can be read. Throws an OperatorError. */
export async function openOwn(
  directory: string,
  place: Place,
  onFailure: (error: unknown) => void,
): Promise<Store> {
  const { options, isNew } = await ownReplica(directory, place);
  const replica = await startCoordinator({ ...options, onFatal: onFailure });
  try {
    await call("read", OPEN_MS, (waitMs) => replica.localKeys.range(anyKey, waitMs));
    if (isNew) await endFounding(directory);
    return storeOf(replica);
  } catch (error) {
    await replica.close();
    throw error;
  }
}

const anyKey = RangeRequest.fromPartial({
  key: Uint8Array.of(0),
  rangeEnd: Uint8Array.of(0),
  countOnly: true,
});

function storeOf(replica: RunningCoordinator): Store {
  const { localKeys: keys } = replica;
  return {
    address: replica.address === "" ? null : replica.address,
    txn: (request, deadlineMs) => call("write", deadlineMs, (waitMs) => keys.txn(request, waitMs)),
    range: (request, deadlineMs) => call("read", deadlineMs, (waitMs) => keys.range(request, waitMs)),
    watch: (range, fromRevision, signal) => watched(keys, range, fromRevision, signal),
    grantLease: async (ttlMs) => {
      const request = LeaseGrantRequest.fromPartial({ TTL: Math.ceil(ttlMs / 1_000) });
      const granted = await call("write", CALL_MS, (waitMs) => keys.leaseGrant(request, waitMs));
      return { id: granted.ID, ttlMs: granted.TTL * 1_000 };
    },
    renewLease: (id, endMs) =>
      call("read", endMs - systemWaitClock.now(), (waitMs) => keys.keepAlive(id, waitMs)),
    revokeLease: async (ID) => {
      const request = LeaseRevokeRequest.fromPartial({ ID });
      await call("write", CALL_MS, (waitMs) => keys.leaseRevoke(request, waitMs));
    },
    replicas: async () => replica.replicas(),
    close: () => replica.close(),
  };
}

/** As the client of a server does: a refusal that may pass is repeated, a write of unknown outcome is not. */
async function call<Answer>(
  kind: "read" | "write",
  limitMs: number,
  ask: (waitMs: number) => Promise<Answer>,
): Promise<Answer> {
  const clock = systemWaitClock;
  const endMs = clock.now() + limitMs;
  for (;;) {
    try {
      return await ask(Math.max(1, endMs - clock.now()));
    } catch (error) {
      const failure = readRpcError(error);
      const verdict = verdictOf(failure, kind);
      if (verdict === "final") throw answeredError(failure, CALL_NAME, error);
      if (verdict === "unknown") throw noAnswer(error, kind, true, CALL_NAME);
      if (clock.now() + RETRY_MS >= endMs) throw noAnswer(error, kind, false, CALL_NAME);
      await clock.sleep(RETRY_MS);
    }
  }
}

async function* watched(
  keys: LocalKeys,
  range: KeyRange,
  startRevision: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Event[]> {
  const events = new WatchedEvents();
  const asked = { ...range, startRevision, noPut: false, noDelete: false, prevKv: false };
  const watching = keys.watch(asked, events);
  const abort = () => events.end();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    for (;;) {
      const next = await events.next();
      if (next === null) return;
      yield next;
      watching.wake();
    }
  } finally {
    signal.removeEventListener("abort", abort);
    watching.stop();
  }
}
