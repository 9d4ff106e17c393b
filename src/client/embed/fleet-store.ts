// The store of a fleet, or an etcd cluster, through its servers.

import { isReadOnly } from "../../core/kv/check-request.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { askCluster } from "../etcd/cluster-status.ts";
import { connectStore } from "../etcd/connect-store.ts";
import type { EtcdClient } from "../etcd/etcd-client.ts";
import { findStore } from "../etcd/find-store.ts";
import { keepAliveOnce } from "../etcd/keep-alive.ts";
import { grantOwnLease } from "../etcd/queue-up.ts";
import { range, revokeLease, txn } from "../etcd/store-calls.ts";
import { watchKeys } from "../etcd/watch-keys.ts";
import type { Place, ReplicaView } from "./coordinator.ts";
import { CALL_MS } from "./setting.ts";
import type { KeyRange, Store } from "./store.ts";

const STATUS_MS = 1_000;

/** Throws what `findStore` throws, such as CONTEXT_UNKNOWN, NO_STORE and UNAVAILABLE. */
export async function connectFleet({ context, fleet, etcdEndpoints, tls }: Place): Promise<Store> {
  const reached = tls === "insecure-loopback" ? { insecureLoopback: true } : tls;
  const input = { context, dir: fleet, ...reached, env: process.env, cwd: process.cwd() };
  const target = await findStore(input, etcdEndpoints, CALL_MS);
  return storeOf(connectStore(target, CALL_MS), target.name);
}

function storeOf(client: EtcdClient, name: string): Store {
  return {
    address: null,
    txn: (request, deadlineMs) =>
      txn(client, request, isReadOnly(request) ? "read" : "write", { deadlineMs }),
    range: (request, deadlineMs) => range(client, request, { deadlineMs }),
    watch: (keys, fromRevision, signal) => watched(client, keys, fromRevision, signal),
    grantLease: (ttlMs) => grantOwnLease(client, ttlMs, { deadlineMs: CALL_MS }),
    renewLease: (id, endMs) => keepAliveOnce(client, id, endMs),
    revokeLease: async (id) => {
      await revokeLease(client, id);
    },
    replicas: async () => {
      const { nodes } = await askCluster(client, name, STATUS_MS);
      return nodes.map(({ name: node, endpoint, role }): ReplicaView => {
        return { name: node, address: endpoint, role: role ?? "unknown" };
      });
    },
    close: async () => client.close(),
  };
}

async function* watched(
  client: EtcdClient,
  keys: KeyRange,
  fromRevision: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Event[]> {
  for await (const seen of watchKeys(client, { ...keys, fromRevision, prevKv: false, signal })) {
    if (seen.kind === "events") yield seen.events;
  }
}
