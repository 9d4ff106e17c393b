// The key space for the program that this replica runs in: the API's own methods, called without a connection. The
// caller is the program itself, so it is an administrator.

import type { MonotonicMs } from "../../base/clock.ts";
import type {
  KVServer,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseServer,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation, UnaryCall } from "../../wire/server/unary-calls.ts";
import { answerBy } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import type { KeyStore } from "./kv-service.ts";
import type { Watched, Watcher } from "./watch/watch.ts";

/** Each call throws the RpcError that a client would get. `waitMs`: how long it may take; a few seconds at most. */
export interface LocalKeys {
  range(request: RangeRequest, waitMs: number): Promise<RangeResponse>;
  txn(request: TxnRequest, waitMs: number): Promise<TxnResponse>;
  leaseGrant(request: LeaseGrantRequest, waitMs: number): Promise<LeaseGrantResponse>;
  leaseRevoke(request: LeaseRevokeRequest, waitMs: number): Promise<LeaseRevokeResponse>;
  /** Seconds; 0: the lease has ended. */
  keepAlive(id: string, waitMs: number): Promise<number>;
  /** Tells the watcher until `stop` is called. To be called when a read has been answered. */
  watch(watched: Watched, watcher: Watcher): Watching;
}

interface Watching {
  /** The watcher has room again. */
  wake(): void;
  stop(): void;
}

export function localKeys(
  { fleet }: EtcdContext,
  store: KeyStore,
  kv: Implementation<KVServer>,
  lease: Implementation<LeaseServer>,
): LocalKeys {
  const identity = { kind: "admin" } as const;
  const call = <Request>(request: Request, waitMs: number): UnaryCall<Request> => ({
    ...{ request, requestBytes: 0, identity, path: "", headers: {} },
    remainingMs: () => waitMs,
    refuseUnread: () => undefined,
    onGone: () => undefined,
  });
  const deadline = (waitMs: number): MonotonicMs => answerBy(fleet.clock.monotonicMs(), waitMs);
  return {
    range: (request, waitMs) => kv.range(call(request, waitMs)),
    txn: (request, waitMs) => kv.txn(call(request, waitMs)),
    leaseGrant: (request, waitMs) => lease.leaseGrant(call(request, waitMs)),
    leaseRevoke: (request, waitMs) => lease.leaseRevoke(call(request, waitMs)),
    keepAlive: async (id, waitMs) => {
      const seconds = await store.leases.ask("renewLease", id, { identity, deadline: deadline(waitMs) });
      return Math.max(0, seconds);
    },
    watch: (watched, watcher) => {
      const watch = store.hub.add(watched, watcher);
      return { wake: () => store.hub.wake(), stop: () => store.hub.remove(watch) };
    },
  };
}
