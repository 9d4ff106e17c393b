// Authorized before decoded, bounded before buffered. The test calls every method of a coordinator, of its port for
// etcd's API, and of a shard, at their real ports over mutual TLS. (Issue 11: a cluster's certificate killed a
// coordinator by 61 kB of a method that it may not call.)

import { once } from "node:events";
import { connect } from "node:http2";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { coordinatorRules, faultRules, raftRules } from "../../src/core/coordinator/services/rules.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { type RunningShard, shardRules, startShard } from "../../src/core/shard/shard-server.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import { PutRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CoordinatorService } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { FaultsService } from "../../src/core/wire/gen/fleet/v1/faults.ts";
import { RaftService } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { ETCD_SERVICES } from "../etcd-services.ts";
import { untilDone } from "../fuzz/until-done.ts";
import { call, EtcdClients } from "../integration/etcd-clients.ts";
import { header, raw } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { plainSettings } from "../plain-settings.ts";

const IDENTITIES = {
  admin: ["fleet://admin"],
  replica: ["fleet://replica/1"],
  shard: ["fleet://shard/s1"],
  "another shard": ["fleet://shard/s2"],
  cluster: ["fleet://cluster/c1"],
  nameless: ["https://example.com/x"],
};
type Who = keyof typeof IDENTITIES;

const warned: unknown[] = [];
const log = { ...silentLog, warn: (_: string, fields?: object) => warned.push(fields) };

let authority: TestAuthority;
let coordinator: RunningCoordinator;
let shard: RunningShard;

beforeAll(async () => {
  authority = await TestAuthority.make();
  for (const [who, uris] of Object.entries(IDENTITIES)) await authority.issue(who, uris);
  coordinator = await startCoordinator({
    ...plainSettings,
    ...{ self: nodeId(1), clusterId: "f1", clusterName: "f1", bootstrap: true },
    replicas: [{ id: nodeId(1), name: "n1", address: "127.0.0.1:1" }],
    ...{ listen: "127.0.0.1:0", dataDirectory: `${authority.folder}/n1`, tls: authority.files("replica") },
    ...{ groups: 0, etcd: { listen: "127.0.0.1:0", isPlaintext: false } },
    ...{ version: "test", log, onFatal: () => undefined },
  });
  await keySpaceIsOpen();
  shard = await startShard({
    ...{ shardId: "s1", coordinators: [], version: "test", log: silentLog },
    ...{ dataDirectory: `${authority.folder}/s1`, tls: authority.files("shard"), listen: "127.0.0.1:0" },
  });
});
afterAll(async () => {
  await Promise.all([coordinator.close(), shard.close()]);
  await authority.remove();
});

/** Without a key space some methods answer only that it does not exist. */
async function keySpaceIsOpen(): Promise<void> {
  const address = present(coordinator.etcdAddress, "it serves etcd's API");
  const clients = new EtcdClients(address, channelCredentials(loadTls(authority.files("admin")), address));
  const { kv } = clients;
  const put = PutRequest.fromPartial({ key: Buffer.from("k") });
  await untilDone(() => call(kv.put.bind(kv), put));
  clients.close();
}

interface Method {
  readonly path: string;
  readonly bytesMax: number;
  readonly at: () => string;
}

type Rules = Readonly<Record<string, { readonly bytesMax: number }>>;
type Definition = Readonly<Record<string, { readonly path: string }>>;

function methodsOf(definition: Definition, rules: Rules, at: () => string): Method[] {
  return Object.entries(definition).map(([name, { path }]) => {
    const { bytesMax } = present(rules[name], `${path} has a rule`);
    return { path, bytesMax, at };
  });
}

const atCoordinator = () => coordinator.address;
const atEtcd = () => present(coordinator.etcdAddress, "it serves etcd's API");
const METHODS = [
  ...methodsOf(CoordinatorService, coordinatorRules, atCoordinator),
  // The limits are the same with certificates.
  ...methodsOf(RaftService, raftRules("insecure-loopback"), atCoordinator),
  ...methodsOf(FaultsService, faultRules, atCoordinator),
  ...methodsOf(ShardService, shardRules, () => shard.address),
  ...Object.values(ETCD_SERVICES).flatMap(({ methods, rules }) => methodsOf(methods, rules, atEtcd)),
];

function session(address: string, who: Who) {
  const { ca, cert, key } = loadTls(authority.files(who));
  return connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
}

/** Who may call it: a replica those of Raft, a cluster its session, an administrator the rest. */
function friendOf(path: string): Who {
  if (path.startsWith("/fleet.v1.Raft/")) return "replica";
  return path === ShardService.session.path ? "cluster" : "admin";
}

test.each(METHODS)("$path: who may not call it is refused at the headers", async ({ path, at }) => {
  const isSession = path === ShardService.session.path;
  for (const who of isSession ? (["nameless"] as const) : (["nameless", "cluster"] as const)) {
    // No byte of the message is sent, and it is not said that there will be none.
    const { reason } = await raw({ session: session(at(), who), path, bytes: [], ends: false });
    expect({ who, reason }).toEqual({
      who,
      reason: who === "nameless" ? "IDENTITY_MISSING" : "PERMISSION_DENIED",
    });
  }
});

/** What a replica tells with its stream. */
const OF_THIS_BUILD = senderMetadata({
  clusterId: "f1",
  peer: { id: nodeId(1), name: "n1", address: "127.0.0.1:1" },
  knownVersion: KNOWN_VERSION,
}).toHttp2Headers();

/** The call of one who may make it. */
const allowed = (path: string, address: string) => ({
  ...{ path, session: session(address, friendOf(path)) },
  headers: path === RaftService.exchange.path ? OF_THIS_BUILD : {},
});

const TOO_LARGE = { code: status.RESOURCE_EXHAUSTED, reason: "REQUEST_TOO_LARGE" };
const COMPRESSED = { code: status.UNIMPLEMENTED, reason: "COMPRESSION_REFUSED" };
const refusedOf = (bytesMax: number) => [
  { what: "4 GB", head: header(0xffffffff), told: TOO_LARGE },
  { what: "a byte more than its limit", head: header(bytesMax + 1), told: TOO_LARGE },
  { what: "a compressed message", head: header(9, 1), told: COMPRESSED },
];

test.each(METHODS)(
  "$path: what is too large or compressed is refused at its length",
  async ({ path, bytesMax, at }) => {
    for (const { what, head, told } of refusedOf(bytesMax)) {
      const answer = await raw({ ...allowed(path, at()), bytes: [head], ends: false });
      expect({ what, ...answer }).toEqual({ what, ...told });
    }
  },
);

test.each(METHODS)("$path: bytes that are no message are the caller's fault", async ({ path, at }) => {
  const noMessage = Buffer.alloc(20, 0xff);
  const bytes = [header(noMessage.length), noMessage];
  const answer = await raw({ ...allowed(path, at()), bytes });
  expect(answer).toEqual({ code: status.INVALID_ARGUMENT, reason: "REQUEST_UNREADABLE" });
});

async function expectItGoesOn(): Promise<void> {
  const call = allowed(CoordinatorService.getStatus.path, coordinator.address);
  expect(await raw({ ...call, bytes: [] })).toMatchObject({ reason: "REQUEST_UNREADABLE" });
}

test("a stream that was answered already, and then sends what is too large, costs itself alone", async () => {
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const one = session(coordinator.address, "cluster");
  const stream = one.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
  stream.on("error", () => undefined);
  // list_services: "".
  stream.write(Buffer.concat([header(2), Buffer.of(0x3a, 0)]));
  await once(stream, "data");
  const ended = once(stream, "trailers");
  stream.write(header(0xffffffff));
  stream.resume();
  const [trailers] = await ended;
  expect(trailers).toMatchObject({ "grpc-status": status.RESOURCE_EXHAUSTED.toString() });
  one.destroy();
  await expectItGoesOn();
});

test("a health watch that timed out, and then sends what is too large, costs itself alone", async () => {
  const path = "/grpc.health.v1.Health/Watch";
  const one = session(coordinator.address, "cluster");
  const headers = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    "grpc-timeout": "50m",
  };
  const stream = one.request(headers);
  stream.on("error", () => undefined);
  stream.write(Buffer.of(0));
  await once(stream, "response");
  stream.write(Buffer.alloc(4, 0xff));
  stream.resume();
  await once(stream, "close");
  one.destroy();
  await expectItGoesOn();
});

test("requests that are never whole take no more than a connection's share: the rest is cut off", async () => {
  const path = CoordinatorService.reportShard.path;
  const one = session(coordinator.address, "shard");
  const part = Buffer.alloc(15 * 1024 * 1024);
  const cutOff = Array.from({ length: 5 }, () => {
    const stream = one.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
    stream.on("error", () => undefined);
    stream.write(header(16 * 1024 * 1024));
    stream.write(part);
    return once(stream, "aborted");
  });
  await Promise.any(cutOff);
  one.destroy();
  await expectItGoesOn();
});

test("a report of millions of empty rows is not decoded", async () => {
  // Field 5, a binding, of no bytes.
  const rows = Buffer.alloc(10_000_000, Buffer.of((5 << 3) | 2, 0));
  const call = { path: CoordinatorService.reportShard.path, bytes: [header(rows.length), rows] };
  // The other one was refused so often that its large messages are not read (refused-callers.test.ts).
  const answer = await raw({ session: session(coordinator.address, "another shard"), ...call });
  expect(answer).toEqual({ code: status.RESOURCE_EXHAUSTED, reason: "REQUEST_TOO_LARGE" });
});

test("who is turned away is in the log, with identity and address", () => {
  const from = "127.0.0.1";
  const reason = "PERMISSION_DENIED";
  expect(warned).toContainEqual({
    ...{ reason, identity: "fleet://cluster/c1", from, what: expect.any(String), times: 1 },
  });
  expect(warned).toContainEqual(expect.objectContaining({ reason: "IDENTITY_MISSING", identity: "", from }));
});
