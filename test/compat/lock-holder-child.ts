// A program that adds one to a counter under a lock of etcd's Lock service. It locks, reads, waits for a line on its
// stdin, and writes. Its environment says where, and whether it writes with fencing: in a transaction that compares
// the mod revision of the lock's key. It prints "read" each time it has read, and "done" once its increment is
// acknowledged.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { assert, present } from "../../src/core/base/assert.ts";
import {
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseRevokeRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { LockRequest } from "../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { call, EtcdClients } from "../integration/etcd-clients.ts";
import { turns } from "../turns.ts";
import { compare, opPut, rangeRequest, text, txnRequest } from "../unit/kv/operations.ts";
import type { LockHolder } from "./lock-holder.ts";

const LEASE_S = 2;
const KEEP_ALIVE_MS = 500;

const { endpoint, tls, lock, counter, isFenced } = JSON.parse(
  present(process.env["HOLDER"], "the test that starts it says where"),
) as LockHolder;
const clients = new EtcdClients(
  endpoint,
  tls === null ? undefined : channelCredentials(loadTls(tls), endpoint),
);
const orders = createInterface({ input: process.stdin });

async function increment(): Promise<boolean> {
  const { kv, lease } = clients;
  const { ID } = await call(lease.leaseGrant.bind(lease), LeaseGrantRequest.fromPartial({ TTL: LEASE_S }));
  const alive = lease.leaseKeepAlive();
  alive.on("error", () => undefined).resume();
  const beat = setInterval(() => alive.write(LeaseKeepAliveRequest.fromPartial({ ID })), KEEP_ALIVE_MS);
  try {
    const name = Buffer.from(lock);
    const { key } = await call(
      clients.lock.lock.bind(clients.lock),
      LockRequest.fromPartial({ name, lease: ID }),
    );
    const held = text(key);
    const { kvs } = await call(kv.range.bind(kv), rangeRequest(held));
    const token = present(kvs[0], "a lock that was just taken has its key").modRevision;
    const { kvs: read } = await call(kv.range.bind(kv), rangeRequest(counter));
    const next = String(1 + Number(read[0] === undefined ? 0 : text(read[0].value)));
    const ordered = once(orders, "line");
    process.stdout.write("read\n");
    await ordered;
    const guards = isFenced ? [compare(held, "modRevision", "=", token)] : [];
    const request = txnRequest(guards, [opPut(counter, next)]);
    const { succeeded } = await call(kv.txn.bind(kv), request);
    assert(succeeded || isFenced, "a transaction without comparisons succeeds");
    return succeeded;
  } finally {
    clearInterval(beat);
    alive.cancel();
    await call(lease.leaseRevoke.bind(lease), LeaseRevokeRequest.fromPartial({ ID })).catch(() => undefined);
  }
}

const turn = turns("an increment that no fence refuses");
while (!(await increment())) turn();
process.stdout.write("done\n");
orders.close();
clients.close();
