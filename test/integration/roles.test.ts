// Who may call what: every method of every service of a coordinator and a shard, for every kind of identity, over
// real mutual TLS. A method that is added without a row here fails the test.

import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  Server,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { type RunningShard, startShard } from "../../src/core/shard/shard-server.ts";
import { senderMetadata } from "../../src/core/transport/sender.ts";
import { channelOptions, serverOptions } from "../../src/core/wire/channel-options.ts";
import {
  CoordinatorService,
  ListRequest,
  ReportShardRequest,
  WatchRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { FaultsService } from "../../src/core/wire/gen/fleet/v1/faults.ts";
import { ForwardKeysRequest, RaftService, RejoinRequest } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { SessionUp, ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { type RpcFailure, readRpcError } from "../../src/core/wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../../src/core/wire/session-protocol.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { plainSettings } from "../plain-settings.ts";
import { bindServer } from "./grpc-server.ts";
import { standardMethods } from "./standard-client.ts";
import { TestAuthority } from "./test-authority.ts";

const IDENTITIES = {
  admin: ["fleet://admin"],
  readonly: ["fleet://readonly"],
  operator: ["fleet://operator/alice"],
  replica: ["fleet://replica/1"],
  shard: ["fleet://shard/s1"],
  "other shard": ["fleet://shard/s2"],
  client: ["fleet://client/w1"],
  cluster: ["fleet://cluster/c1"],
  "other cluster": ["fleet://cluster/c2"],
  none: [],
  nameless: [],
  two: ["fleet://admin", "fleet://readonly"],
  mixed: ["fleet://admin", "https://example.com/x"],
  foreign: ["https://example.com/x"],
} as const;
type Who = keyof typeof IDENTITIES;

const NOBODIES: readonly Who[] = ["none", "nameless", "two", "mixed", "foreign"];

interface Row {
  readonly allowed: readonly Who[];
  /** The rest is told this. */
  readonly reason?: string;
  readonly request?: Uint8Array;
  readonly metadata?: Metadata;
}

const OPERATORS = ["admin", "readonly", "operator"] as const;
const EVERYBODY = [
  "admin",
  "readonly",
  "operator",
  "replica",
  "shard",
  "other shard",
  "client",
  "cluster",
  "other cluster",
] as const;
const ADMIN: Row = { allowed: ["admin"] };
/** What of it an operator may do depends on its roles, row by row: test/security/operators.test.ts. */
const CHANGE: Row = { allowed: ["admin", "operator"] };
const READ: Row = { allowed: OPERATORS };
const report = ReportShardRequest.fromPartial({ shardId: "s1", address: "127.0.0.1:1", epoch: 1, cycle: 1 });
// A replica of an older build is refused for that, whatever its certificate says (ADR-0015).
const rejoin = RejoinRequest.fromPartial({ clusterId: "f1", nodeId: 1, knownVersion: KNOWN_VERSION });
const ofThisBuild = senderMetadata({
  clusterId: "another",
  peer: { id: nodeId(1), name: "n1", address: "127.0.0.1:1" },
  knownVersion: KNOWN_VERSION,
});
const hello = SessionUp.fromPartial({
  frame: {
    $case: "hello",
    value: { clusterId: "c1", protocolVersion: SESSION_PROTOCOL_VERSION, instanceId: "i" },
  },
});

const COORDINATOR: Readonly<Record<string, Row>> = {
  "/fleet.v1.Coordinator/GetStatus": {
    allowed: EVERYBODY.filter((who) => !who.endsWith("cluster") && who !== "client"),
  },
  "/fleet.v1.Coordinator/WatchStatus": READ,
  "/fleet.v1.Coordinator/Submit": CHANGE,
  "/fleet.v1.Coordinator/Write": CHANGE,
  "/fleet.v1.Coordinator/ListShards": READ,
  "/fleet.v1.Coordinator/ListClusters": READ,
  "/fleet.v1.Coordinator/ListDomains": READ,
  "/fleet.v1.Coordinator/ListAudit": READ,
  "/fleet.v1.Coordinator/ListProbes": READ,
  "/fleet.v1.Coordinator/ListQuotas": READ,
  "/fleet.v1.Coordinator/ListProviders": READ,
  "/fleet.v1.Coordinator/ListSessions": READ,
  "/fleet.v1.Coordinator/ListFeatureGates": READ,
  "/fleet.v1.Coordinator/ListInstructions": READ,
  "/fleet.v1.Coordinator/ListShortfalls": READ,
  "/fleet.v1.Coordinator/ListRevocations": READ,
  "/fleet.v1.Coordinator/ListRoles": READ,
  "/fleet.v1.Coordinator/ListPlans": READ,
  "/fleet.v1.Coordinator/ListPlanSteps": READ,
  "/fleet.v1.Coordinator/CheckAccess": READ,
  "/fleet.v1.Coordinator/SnapshotSave": READ,
  "/fleet.v1.Coordinator/WatchRevocations": { allowed: ["admin", "shard", "other shard"] },
  "/fleet.v1.Coordinator/Watch": {
    allowed: OPERATORS,
    request: WatchRequest.encode({ tables: [], afterRevision: 0 }).finish(),
  },
  "/fleet.v1.Coordinator/TransferLeadership": CHANGE,
  "/fleet.v1.Coordinator/ListMembers": READ,
  "/fleet.v1.Coordinator/ChangeMembership": CHANGE,
  "/fleet.v1.Coordinator/FenceReplica": ADMIN,
  "/fleet.v1.Coordinator/GetKeyStatus": READ,
  "/fleet.v1.Coordinator/RotateKeys": ADMIN,
  "/fleet.v1.Coordinator/ListGroups": READ,
  "/fleet.v1.Coordinator/WriteGroup": ADMIN,
  "/fleet.v1.Coordinator/CreateGroup": ADMIN,
  // An administrator may do in a shard's name what it may do in its own.
  "/fleet.v1.Coordinator/ReportShard": {
    allowed: ["admin", "shard"],
    request: ReportShardRequest.encode(report).finish(),
  },
  "/fleet.v1.Faults/ListFaults": ADMIN,
  "/fleet.v1.Faults/InjectFault": ADMIN,
  "/fleet.v1.Faults/ClearFaults": ADMIN,
  "/fleet.v1.Raft/Exchange": { allowed: ["replica"], metadata: ofThisBuild },
  "/fleet.v1.Raft/InstallSnapshot": { allowed: ["replica"] },
  "/fleet.v1.Raft/OfferSnapshot": { allowed: ["replica"] },
  "/fleet.v1.Raft/ForwardKeys": {
    allowed: ["replica"],
    request: ForwardKeysRequest.encode({ clusterId: "f1", kind: undefined, caller: "" }).finish(),
  },
  "/fleet.v1.Raft/Rejoin": {
    allowed: ["replica"],
    request: RejoinRequest.encode(rejoin).finish(),
  },
};
const SHARD: Readonly<Record<string, Row>> = {
  "/fleet.v1.Shard/Session": {
    allowed: ["admin", "cluster"],
    reason: "NOT_THIS_CLUSTER",
    request: SessionUp.encode(hello).finish(),
  },
  "/fleet.v1.Shard/GetShardStatus": READ,
};
// Field 7, list_services: "" is the question that every server of reflection answers.
const listServices = Uint8Array.of(0x3a, 0);
const STANDARD: Readonly<Record<string, Row>> = {
  "/grpc.health.v1.Health/Check": { allowed: EVERYBODY },
  "/grpc.health.v1.Health/List": { allowed: EVERYBODY },
  "/grpc.health.v1.Health/Watch": { allowed: EVERYBODY },
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": { allowed: EVERYBODY, request: listServices },
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {
    allowed: EVERYBODY,
    request: listServices,
  },
};

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const methods: readonly Method[] = [CoordinatorService, RaftService, FaultsService, ShardService]
  .flatMap((service): Method[] => Object.values(service))
  .concat(standardMethods());

let authority: TestAuthority;
let leader: RunningCoordinator;
let leaderless: RunningCoordinator;
let shard: RunningShard;
const clients = new Map<string, Client>();
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

beforeAll(async () => {
  authority = await TestAuthority.make();
  for (const [who, uris] of Object.entries(IDENTITIES)) await authority.issue(who, uris, who !== "nameless");
  leader = await coordinator("leads", 1);
  leaderless = await coordinator("alone", 3);
  shard = await startShardAs("s1");
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await Promise.all([leader.close(), leaderless.close(), shard.close()]);
  await authority.remove();
});

test("a shard does not start with a certificate that is not its own", async () => {
  await expect(startShardAs("s2")).rejects.toMatchObject({ code: "CERTIFICATE_OF_ANOTHER" });
});

test("nor does a client accept a server whose certificate has a second URI", async () => {
  await authority.issue("mixed server", ["fleet://replica/1", "https://example.com/x"]);
  const server = new Server(serverOptions);
  const address = await bindServer(server, "127.0.0.1:0", loadTls(authority.files("mixed server")));
  const caller = connectCoordinator(loadTls(authority.files("admin")), address);
  const answer = unary(
    caller.getStatus.bind(caller),
    { hashAtIndex: 0 },
    { endMs: performance.now() + 10_000 },
  );
  await expect(answer).rejects.toThrow("shows a certificate of no identity");
  caller.close();
  server.forceShutdown();
});

test("a shard that reports as another is refused, and of the other nothing is known by it", async () => {
  const path = "/fleet.v1.Coordinator/ReportShard";
  const row = present(COORDINATOR[path], "reports have a row");
  const { request = new Uint8Array() } = row;
  const forged = { ...ReportShardRequest.decode(request), shardId: "s3", epoch: 9 };
  const forging = { allowed: [], request: ReportShardRequest.encode(forged).finish() };
  const caller = connectCoordinator(loadTls(authority.files("admin")), leader.address);
  onTestFinished(() => caller.close());
  const known = async () => {
    const limits = { endMs: performance.now() + 10_000 };
    const { shards } = await unary(caller.listShards.bind(caller), ListRequest.fromPartial({}), limits);
    return shards.map(({ shard }) => shard?.shardId);
  };
  // It has to be elected first.
  const reported = async () => {
    expect(await outcome(leader.address, path, row, "shard")).toEqual(wanted(row, "shard"));
    return known();
  };
  await expect.poll(reported).toContain("s1");
  for (const who of ["shard", "other shard", "cluster", "two"] as const) {
    expect(await outcome(leader.address, path, forging, who)).toEqual(wanted(forging, who));
  }
  expect(await known()).not.toContain("s3");
});

test("every method of every service has a row", () => {
  const rows = Object.keys({ ...COORDINATOR, ...SHARD, ...STANDARD });
  expect(methods.map((method) => method.path).sort()).toEqual(rows.sort());
});

const everyone = Object.keys(IDENTITIES) as Who[];

test.each(Object.entries({ ...COORDINATOR, ...STANDARD }))("a coordinator: %s", async (path, row) => {
  for (const who of everyone) expect(await outcome(leader.address, path, row, who)).toEqual(wanted(row, who));
});

test.each(Object.entries({ ...SHARD, ...STANDARD }))("a shard: %s", async (path, row) => {
  for (const who of everyone) expect(await outcome(shard.address, path, row, who)).toEqual(wanted(row, who));
});

test.each(Object.entries(COORDINATOR))(
  "a replica that does not lead refuses the same: %s",
  async (path, row) => {
    for (const who of everyone.filter((candidate) => !row.allowed.includes(candidate))) {
      expect(await outcome(leaderless.address, path, row, who)).toEqual(wanted(row, who));
    }
  },
);

function wanted(row: Row, who: Who) {
  if (row.allowed.includes(who)) return { who, denied: null };
  const isNobody = NOBODIES.includes(who);
  return { who, denied: isNobody ? "IDENTITY_MISSING" : (row.reason ?? "PERMISSION_DENIED") };
}

/** The reason for which the door was not opened, or null: what came of a call that was let in is not asked here. */
async function outcome(address: string, path: string, row: Row, who: Who) {
  const method = present(
    methods.find((candidate) => candidate.path === path),
    "a row is a method's",
  );
  const failure = await call(client(address, who), method, row);
  const isDenied = failure?.code === status.PERMISSION_DENIED || failure?.code === status.UNAUTHENTICATED;
  // No certificate that the authority signed is refused by TLS; a server that is not there would look like it.
  expect(failure?.message ?? "").not.toMatch(/connect|certificate required/i);
  // The door lets operators in to what their roles may allow.
  const isLetIn = failure?.reason === "GRANT_MISSING";
  return { who, denied: isDenied && !isLetIn ? failure.reason : null };
}

function call(client: Client, method: Method, row: Row): Promise<RpcFailure | null> {
  const { request = new Uint8Array(), metadata = new Metadata() } = row;
  const bytes = (value: Uint8Array) => Buffer.from(value);
  const same = (value: Buffer) => value;
  const options = { deadline: Date.now() + 20_000 };
  const { path } = method;
  return new Promise((resolve) => {
    const settle = (error: unknown) => resolve(error === null ? null : readRpcError(error));
    if (!method.requestStream && !method.responseStream) {
      client.makeUnaryRequest(path, bytes, same, request, metadata, options, settle);
    } else if (!method.responseStream) {
      const stream = client.makeClientStreamRequest(path, bytes, same, metadata, options, settle);
      stream.on("error", () => undefined);
      stream.end();
    } else if (!method.requestStream) {
      heard(client.makeServerStreamRequest(path, bytes, same, request, metadata, options), settle);
    } else {
      const stream = client.makeBidiStreamRequest(path, bytes, same, metadata, options);
      heard(stream, settle);
      stream.write(request);
      stream.end();
    }
  });
}

type Stream = ClientReadableStream<Buffer> | ClientDuplexStream<Uint8Array, Buffer>;

/** A stream that says something, or ends well, was let in. */
function heard(stream: Stream, settle: (error: unknown) => void): void {
  stream.on("error", settle);
  stream.on("end", () => settle(null));
  stream.on("data", () => {
    settle(null);
    stream.cancel();
  });
}

function client(address: string, who: Who): Client {
  const key = `${who}@${address}`;
  const credentials = () => channelCredentials(loadTls(authority.files(who)), address);
  const found = clients.get(key) ?? new Client(address, credentials(), channelOptions);
  clients.set(key, found);
  return found;
}

/** With the certificate of s1. */
function startShardAs(shardId: string): Promise<RunningShard> {
  return startShard({
    shardId,
    dataDirectory: `${authority.folder}/${shardId}`,
    tls: authority.files("shard"),
    listen: "127.0.0.1:0",
    coordinators: [],
    version: "test",
    log,
  });
}

/** One of `voters`, of which only it runs. */
function coordinator(name: string, voters: number): Promise<RunningCoordinator> {
  const replicas = [1, 2, 3]
    .slice(0, voters)
    .map((id) => ({ id: nodeId(id), name: `n${id}`, address: "127.0.0.1:1" }));
  return startCoordinator({
    ...plainSettings,
    ...{
      self: nodeId(1),
      clusterId: "f1",
      clusterName: name,
      replicas,
      listen: "127.0.0.1:0",
      bootstrap: true,
    },
    ...{ dataDirectory: `${authority.folder}/${name}`, tls: authority.files("replica") },
    ...{
      groups: 0,
      version: "test",
      log,
      onFatal: () => undefined,
    },
  });
}
