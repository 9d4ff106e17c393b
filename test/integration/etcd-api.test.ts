// etcd's API over mutual TLS, on three coordinators of their own processes. Every member gives the same answers, and
// nothing is lost while the leader of the key space is killed. Needs the built program. compat.test.ts compares with
// etcd.

import { once } from "node:events";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import {
  AlarmRequest,
  AlarmRequest_AlarmAction,
  AlarmType,
  AuthenticateRequest,
  Compare_CompareTarget,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
  PutRequest,
  RangeRequest,
  StatusRequest,
  TxnRequest,
  WatchCreateRequest,
  WatchRequest,
  type WatchResponse,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { untilDone } from "../fuzz/until-done.ts";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { call, EtcdClients, ResumedWatch } from "./etcd-clients.ts";
import { runProgram } from "./local-fleet.ts";
import { checkHealth } from "./standard-client.ts";

let cluster: CoordinatorCluster;
let members: readonly EtcdClients[];
const opened: EtcdClients[] = [];

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, etcd: true });
  members = cluster.nodes.map((node) => clientsAs("admin", node));
  // The group is made once the fleet has a leader.
  const { kv } = present(members[0], "there are three members");
  await untilDone(() => call(kv.range.bind(kv), range("none")));
}, 120_000);

afterAll(async () => {
  for (const clients of opened) clients.close();
  await cluster.dispose();
});

function clientsAs(holder: string, node: ClusterNode): EtcdClients {
  const address = cluster.etcd(node);
  const clients = new EtcdClients(address, channelCredentials(loadTls(cluster.tlsOf(holder)), address));
  opened.push(clients);
  return clients;
}

const b = (text: string) => Buffer.from(text);
const put = (key: string, value: string, lease = "0") =>
  PutRequest.fromPartial({ key: b(key), value: b(value), lease });
const range = (key: string, more: Partial<RangeRequest> = {}) =>
  RangeRequest.fromPartial({ key: b(key), ...more });

test("a write through any member is read through any other at once", async () => {
  for (const [at, { kv }] of members.entries()) {
    await call(kv.put.bind(kv), put("any", String(at)));
    for (const other of members) {
      const { kvs } = await call(other.kv.range.bind(other.kv), range("any"));
      expect(kvs.map(({ value }) => value.toString())).toEqual([String(at)]);
    }
  }
});

test("the port answers probes, as etcd's does", async () => {
  for (const { kv } of members) expect(await checkHealth(kv, "")).toEqual({ status: "SERVING" });
});

test("fleet kv and fleet lock find the store of a fleet", async () => {
  const env = { PATH: process.env["PATH"], HOME: tmpdir(), NO_COLOR: "1" };
  const fleet = (words: readonly string[], command: readonly string[] = []) =>
    runProgram([...words, ...cluster.flags, ...command], { cwd: tmpdir(), env });
  expect(await fleet(["kv", "put", "greeting", "hello"])).toMatchObject({ exit: 0 });
  const got = await fleet(["kv", "get", "greeting", "--json"]);
  const kv = { key: b("greeting").toString("base64"), value: b("hello").toString("base64") };
  expect(JSON.parse(got.stdout)).toMatchObject({ kvs: [kv] });
  expect(await fleet(["lock", "one-at-a-time"], ["--", "true"])).toMatchObject({ exit: 0 });
});

test("a watch gets all of a history that is larger than what its stream holds, and progress after it", async () => {
  const { kv, watch } = present(members[0], "there are three members");
  for (let at = 0; at < 80; at += 1) {
    await call(kv.put.bind(kv), put("large", String(at).padStart(64_000, "0")));
  }
  const { kvs } = await call(kv.range.bind(kv), range("large"));
  const startRevision = (kvs[0]?.modRevision ?? 0) - 79;
  const stream = watch.watch();
  const value = { key: b("large"), startRevision, prevKv: true };
  stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  const told: number[] = [];
  for await (const { events, watchId } of stream as AsyncIterable<WatchResponse>) {
    if (watchId === "-1") break;
    for (const event of events) told.push(Number(event.kv?.value.toString()));
    if (told.length < 80) continue;
    stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "progressRequest", value: {} } }));
  }
  expect(told).toEqual(Array.from({ length: 80 }, (_, at) => at));
  stream.cancel();
});

test("a transaction that would read too much is refused as etcd's too large requests are", async () => {
  const { kv } = present(members[0], "there are three members");
  await untilDone(() => call(kv.put.bind(kv), put("much", "x".repeat(1_000_000))));
  const reads = Array.from({ length: 100 }, () => ({
    request: { $case: "requestRange", value: range("much") } as const,
  }));
  const txn = TxnRequest.fromPartial({
    success: [...reads, { request: { $case: "requestPut", value: put("n", "1") } }],
  });
  const answer = () =>
    call(kv.txn.bind(kv), txn).then(
      () => "no error",
      (error: ServiceError) => {
        // Its leader is lost: that is no answer yet.
        if (error.code === status.UNAVAILABLE) throw error;
        return error.details;
      },
    );
  expect(await untilDone(answer)).toBe("etcdserver: request is too large");
});

test("puts, a watch, a lease and a lock live through the kill of the key space's leader", async () => {
  const leader = await leaderOfKeys();
  const rest = members.filter((_, at) => cluster.nodes[at] !== leader);
  const [first, second] = [present(rest[0], "two remain"), present(rest[1], "two remain")];
  const lease = await call(
    first.lease.leaseGrant.bind(first.lease),
    LeaseGrantRequest.fromPartial({ TTL: 60 }),
  );
  const keptAlive = keepAlive(first, lease.ID);
  const lock = await call(first.lock.lock.bind(first.lock), { name: b("job"), lease: lease.ID });
  const waiting = call(second.lock.lock.bind(second.lock), { name: b("job"), lease: "0" });
  const start = lock.header?.revision ?? 0;
  let turn = 0;
  const watch = new ResumedWatch(
    () => present(members[turn++ % 3], "there are three"),
    start + 1,
    (startRevision) =>
      WatchRequest.fromPartial({
        requestUnion: {
          $case: "createRequest",
          value: { key: b("n/"), rangeEnd: b("n0"), startRevision },
        },
      }),
  );
  const done: string[] = [];
  const writeAll = async (from: number, through: number) => {
    for (let number = from; number <= through; number += 1) {
      const key = `n/${String(number).padStart(3, "0")}`;
      const { kv } = number % 2 === 0 ? first : second;
      // A put has the same result however often it is tried.
      await untilDone(() => call(kv.put.bind(kv), put(key, key)));
      done.push(key);
    }
  };
  await writeAll(1, 10);
  const more = writeAll(11, 40);
  await cluster.kill(leader);
  await more;
  const { kvs } = await call(second.kv.range.bind(second.kv), range("n/", { rangeEnd: b("n0") }));
  expect(kvs.map(({ key }) => key.toString())).toEqual(done);
  // A write whose answer was lost may have been written twice: the watch tells each revision once, in order.
  await expect.poll(() => watch.events.map(({ kv }) => kv?.key.toString())).toContain(done.at(-1));
  const revisions = watch.events.map(({ kv }) => kv?.modRevision ?? 0);
  expect(revisions).toEqual([...new Set(revisions)].sort((one, other) => one - other));
  expect(new Set(watch.events.map(({ kv }) => kv?.key.toString()))).toEqual(new Set(done));
  watch.close();
  const held = await call(second.kv.range.bind(second.kv), range("", { key: lock.key }));
  expect(held.kvs).toHaveLength(1);
  expect(await keptAlive()).toBe(60);
  await call(first.lock.unlock.bind(first.lock), { key: lock.key });
  const next = await waiting;
  expect(next.header?.revision).toBeGreaterThan(start);
  await cluster.start(leader);
}, 60_000);

async function leaderOfKeys(): Promise<ClusterNode> {
  const { maintenance } = present(members[0], "there are three members");
  const endMs = performance.now() + 60_000;
  for (;;) {
    const { leader } = await call(maintenance.status.bind(maintenance), StatusRequest.fromPartial({}));
    const found = cluster.nodes.find(({ id }) => String(id) === leader);
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`no member leads the keys: ${leader}`);
    await sleep(50);
  }
}

/** Returns what asks for the TTL of the newest answer. */
function keepAlive({ lease }: EtcdClients, ID: string): () => Promise<number> {
  return async () => {
    const stream = lease.leaseKeepAlive();
    stream.on("error", () => undefined);
    const answered = once(stream, "data") as Promise<[LeaseKeepAliveResponse]>;
    stream.write(LeaseKeepAliveRequest.fromPartial({ ID }));
    const [{ TTL }] = await answered;
    stream.cancel();
    return TTL;
  };
}

test("a client may do what its roles allow with the keys that they name, and a reader reads", async () => {
  const node = present(cluster.nodes[1], "there are three nodes");
  const [worker, reader] = [clientsAs("client-worker", node), clientsAs("readonly", node)];
  const refused = (done: Promise<unknown>) =>
    done.then(
      () => "allowed",
      (error: { readonly details: string }) => error.details,
    );
  const denied = "etcdserver: permission denied";
  expect(await refused(call(worker.kv.put.bind(worker.kv), put("jobs/1", "x")))).toBe(denied);
  const fleet = cluster.client();
  const rules = [{ verbs: ["read", "write", "lease"], tables: ["key"], names: ["jobs/*"] }];
  await fleet.submit({ kind: { $case: "setRole", value: { name: "jobs", rules } } });
  await fleet.submit({ kind: { $case: "grantRole", value: { operator: "client/worker", role: "jobs" } } });
  await expect.poll(() => refused(call(worker.kv.put.bind(worker.kv), put("jobs/1", "x")))).toBe("allowed");
  expect(await refused(call(worker.kv.put.bind(worker.kv), put("other", "x")))).toBe(denied);
  const jobs = range("jobs/", { rangeEnd: b("jobs0") });
  expect((await call(worker.kv.range.bind(worker.kv), jobs)).count).toBe(1);
  expect(await refused(call(worker.kv.range.bind(worker.kv), range("\0", { rangeEnd: b("\0") })))).toBe(
    denied,
  );
  const own = { key: b("other"), target: Compare_CompareTarget.VERSION };
  const peek = TxnRequest.fromPartial({ compare: [own] });
  expect(await refused(call(worker.kv.txn.bind(worker.kv), peek))).toBe(denied);
  const wipe = DeleteRangeRequest.fromPartial({ key: b("\0"), rangeEnd: b("\0") });
  expect(await refused(call(worker.kv.deleteRange.bind(worker.kv), wipe))).toBe(denied);
  expect((await call(reader.kv.range.bind(reader.kv), jobs)).count).toBe(1);
  expect(await refused(call(reader.kv.put.bind(reader.kv), put("jobs/1", "y")))).toBe(denied);
  const alarm = AlarmRequest.fromPartial({});
  expect(await refused(call(worker.maintenance.alarm.bind(worker.maintenance), alarm))).toBe(denied);
  const login = AuthenticateRequest.fromPartial({ name: "root", password: "x" });
  expect(await refused(call(worker.auth.authenticate.bind(worker.auth), login))).toBe(
    "etcdserver: authentication is not enabled",
  );
});

test("a client attaches its keys to leases whose keys it may write, and may revoke only those", async () => {
  const node = present(cluster.nodes[1], "there are three nodes");
  const [worker, admin] = [clientsAs("client-worker", node), clientsAs("admin", node)];
  const fleet = cluster.client();
  const rules = [{ verbs: ["read", "write", "lease"], tables: ["key"], names: ["leased/*"] }];
  await fleet.submit({ kind: { $case: "setRole", value: { name: "leased", rules } } });
  await fleet.submit({ kind: { $case: "grantRole", value: { operator: "client/worker", role: "leased" } } });
  const isAllowed = () =>
    call(worker.kv.put.bind(worker.kv), put("leased/0", "x")).then(
      () => true,
      () => false,
    );
  // The member has applied the role.
  await expect.poll(isAllowed).toBe(true);
  const { ID } = await call(
    worker.lease.leaseGrant.bind(worker.lease),
    LeaseGrantRequest.fromPartial({ TTL: 60 }),
  );
  const attach = () => call(worker.kv.put.bind(worker.kv), put("leased/1", "x", ID));
  const revoke = () => call(worker.lease.leaseRevoke.bind(worker.lease), { ID });
  await attach();
  await call(admin.kv.put.bind(admin.kv), put("stranger", "x", ID));
  const denied = "etcdserver: permission denied";
  await expect(attach()).rejects.toMatchObject({ details: denied });
  await expect(revoke()).rejects.toMatchObject({ details: denied });
  await call(admin.kv.put.bind(admin.kv), put("stranger", "y"));
  await attach();
  await revoke();
  expect((await call(worker.kv.range.bind(worker.kv), range("leased/1"))).count).toBe(0);
});

test("the first requests of all wait until the key space is made", async () => {
  const fresh = await CoordinatorCluster.start({ size: 1, snapshotEvery: 1_000, etcd: true });
  try {
    const address = fresh.etcd(present(fresh.nodes[0], "there is one node"));
    const clients = new EtcdClients(address, channelCredentials(loadTls(fresh.tlsOf("admin")), address));
    opened.push(clients);
    const { kv, lease, maintenance, watch } = clients;
    const created = watch.watch();
    const createRequest = WatchCreateRequest.fromPartial({ key: b("a") });
    created.write(
      WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value: createRequest } }),
    );
    const kept = lease.leaseKeepAlive();
    kept.write(LeaseKeepAliveRequest.fromPartial({ ID: "7" }));
    const [[watching], [none], status, read, { alarms }] = await Promise.all([
      once(created, "data") as Promise<[WatchResponse]>,
      once(kept, "data") as Promise<[LeaseKeepAliveResponse]>,
      call(maintenance.status.bind(maintenance), StatusRequest.fromPartial({})),
      call(kv.range.bind(kv), range("a", { serializable: true })),
      // Clients clear an alarm that may be none.
      call(
        maintenance.alarm.bind(maintenance),
        AlarmRequest.fromPartial({ action: AlarmRequest_AlarmAction.DEACTIVATE, alarm: AlarmType.NOSPACE }),
      ),
    ]);
    expect(watching).toMatchObject({ created: true, canceled: false });
    expect(none).toMatchObject({ ID: "7", TTL: 0 });
    expect(status.version).toMatch(/^3\.5\./);
    expect([read.count, alarms]).toEqual([0, []]);
    for (const stream of [created, kept]) stream.on("error", () => undefined).cancel();
  } finally {
    await fresh.dispose();
  }
}, 120_000);
