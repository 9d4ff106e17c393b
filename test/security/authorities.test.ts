// Four authorities, one for each kind of identity (ADR-0027). What the tenants' authority signs is an agent and
// nothing else, whatever its URI says, at every port. The same holds for the other three.

import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Server, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority } from "../../src/client/cert/certs.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import { type RunningShard, startShard } from "../../src/core/shard/shard-server.ts";
import { channelOptions, serverOptions } from "../../src/core/wire/channel-options.ts";
import { AuthClient } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { CoordinatorClient } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftClient } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { SessionUp, ShardClient } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../../src/core/wire/session-protocol.ts";
import type { AuthorityKind } from "../../src/core/wire/tls/authorities.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls, type TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { bindServer } from "../integration/grpc-server.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { plainSettings } from "../plain-settings.ts";
import { firstDown } from "./first-down.ts";

const WAIT_MS = 60_000;
const MISMATCH = { code: status.UNAUTHENTICATED, reason: "AUTHORITY_MISMATCH" };
const KINDS: readonly AuthorityKind[] = ["peer", "shard", "agent", "operator"];
const NAMES = [
  { uri: "fleet://replica/1", kind: "peer" },
  { uri: "fleet://shard/s1", kind: "shard" },
  { uri: "fleet://cluster/c1", kind: "agent" },
  { uri: "fleet://admin", kind: "operator" },
  { uri: "fleet://readonly", kind: "operator" },
  { uri: "fleet://operator/ops", kind: "operator" },
  { uri: "fleet://client/worker", kind: "operator" },
] as const;
const FORGED = KINDS.flatMap((by) =>
  NAMES.filter(({ kind }) => kind !== by).map(({ uri }) => ({ by, uri, name: nameOf(by, uri) })),
);

const authorities = new Map<AuthorityKind, TestAuthority>();
const closing: (() => unknown)[] = [];
let home: TestAuthority;
let coordinator: RunningCoordinator;
let shard: RunningShard;
const told: unknown[] = [];
const log = { ...silentLog, warn: (fact: string, fields?: object) => told.push({ fact, ...fields }) };

function nameOf(by: AuthorityKind, uri: string): string {
  return `${by}-${uri.slice("fleet://".length).replaceAll("/", "-")}`;
}

const of = (kind: AuthorityKind) => authorities.get(kind) as TestAuthority;
const caOf = (kind: AuthorityKind) => join(of(kind).folder, "ca.crt");

/** As a role has them: each kind its own authority. `ca` signed no identity here. */
function served(by: AuthorityKind, uri: string): TlsFiles {
  const { cert, key } = of(by).files(nameOf(by, uri));
  const own = { peer: caOf("peer"), shard: caOf("shard"), agent: caOf("agent"), operator: caOf("operator") };
  return { ca: join(home.folder, "ca.crt"), cert, key, authorities: own };
}

/** As a caller has them that trusts all. */
function held(by: AuthorityKind, uri: string) {
  const { cert, key } = of(by).files(nameOf(by, uri));
  return loadTls({ ca: join(home.folder, "all.crt"), cert, key });
}

async function bundleAll(): Promise<void> {
  const pems = await Promise.all(KINDS.map((kind) => readFile(caOf(kind), "utf8")));
  await writeFile(join(home.folder, "all.crt"), pems.join(""));
}

beforeAll(async () => {
  home = await TestAuthority.make();
  for (const kind of KINDS) authorities.set(kind, await TestAuthority.make(kind));
  await bundleAll();
  for (const by of KINDS) for (const { uri } of NAMES) await of(by).issue(nameOf(by, uri), [uri]);
  for (const folder of ["n1", "s1"]) await mkdir(join(home.folder, folder));
  const self = { id: nodeId(1), name: "n1", address: "127.0.0.1:1" };
  coordinator = await startCoordinator({
    ...plainSettings,
    ...{ self: self.id, clusterId: "c", clusterName: "test", version: "test", bootstrap: true, groups: 0 },
    ...{ replicas: [self], listen: "127.0.0.1:0", dataDirectory: join(home.folder, "n1") },
    ...{ tls: served("peer", "fleet://replica/1") },
    ...{
      snapshotBytesPerSecond: 1_000_000,
    },
    etcd: { listen: "127.0.0.1:0", isPlaintext: false },
    ...{ log, onFatal: () => undefined },
  });
  shard = await startShard({
    ...{ shardId: "s1", listen: "127.0.0.1:0", dataDirectory: join(home.folder, "s1"), version: "test" },
    ...{
      coordinators: [coordinator.address],
      tls: served("shard", "fleet://shard/s1"),
      reportIntervalMs: 100,
      log,
    },
  });
});
afterAll(async () => {
  for (const close of closing) close();
  await shard.close();
  await coordinator.close();
  for (const authority of [home, ...authorities.values()]) await authority.remove();
});

const limits = () => ({ endMs: performance.now() + WAIT_MS });

function closed<Client extends { close(): void }>(client: Client): Client {
  closing.push(() => client.close());
  return client;
}

// Callers whose certificate proves nothing have few connections at a port, so each call here closes its own.
async function withClient<Client extends { close(): void }, Answer>(
  client: Client,
  ask: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

function shardAs(tls: ReturnType<typeof held>): ShardClient {
  return new ShardClient(shard.address, channelCredentials(tls, shard.address), channelOptions);
}

function askCoordinator(by: AuthorityKind, uri: string) {
  const { address } = coordinator;
  const made = new CoordinatorClient(address, channelCredentials(held(by, uri), address), channelOptions);
  return withClient(made, (client) =>
    unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits()).then(() => "answered", readRpcError),
  );
}

function askKeys(by: AuthorityKind, uri: string) {
  const address = coordinator.etcdAddress ?? "";
  const made = new AuthClient(address, channelCredentials(held(by, uri), address), channelOptions);
  return withClient(made, (client) =>
    unary(client.authStatus.bind(client), {}, limits()).then(() => "answered", readRpcError),
  );
}

function askShard(by: AuthorityKind, uri: string) {
  return withClient(shardAs(held(by, uri)), (client) =>
    unary(client.getShardStatus.bind(client), {}, limits()).then(() => "answered", readRpcError),
  );
}

function dialShard(by: AuthorityKind, uri: string) {
  return withClient(shardAs(held(by, uri)), async (client) => {
    const stream = client.session({ deadline: Date.now() + WAIT_MS });
    const value = { clusterId: "c1", protocolVersion: SESSION_PROTOCOL_VERSION, instanceId: "i" };
    stream.write(SessionUp.fromPartial({ frame: { $case: "hello", value } }));
    return firstDown(stream);
  });
}

function openExchange(by: AuthorityKind, uri: string) {
  const { address } = coordinator;
  const made = new RaftClient(address, channelCredentials(held(by, uri), address), channelOptions);
  return withClient(made, async (client) => {
    const stream = client.exchange({ deadline: Date.now() + WAIT_MS });
    return readRpcError((await once(stream.resume(), "error"))[0] as ServiceError);
  });
}

test.each(FORGED)(
  "$uri of the $by authority is refused at a coordinator's ports and at a shard's",
  async ({ by, uri }) => {
    expect(await askCoordinator(by, uri)).toMatchObject(MISMATCH);
    expect(await askKeys(by, uri)).toMatchObject(MISMATCH);
    expect(await askShard(by, uri)).toMatchObject(MISMATCH);
    expect(await dialShard(by, uri)).toMatchObject(MISMATCH);
    expect(await openExchange(by, uri)).toMatchObject(MISMATCH);
    expect(told).toContainEqual(
      expect.objectContaining({
        fact: "a call was refused",
        reason: "AUTHORITY_MISMATCH",
        identity: uri,
      }),
    );
  },
);

test("each kind's own authority lets it in: operators, replicas, the shard that reports, and agents", async () => {
  for (const uri of ["fleet://admin", "fleet://readonly", "fleet://operator/ops"]) {
    expect(await askCoordinator("operator", uri)).toBe("answered");
  }
  expect(await askShard("operator", "fleet://admin")).toBe("answered");
  for (const uri of ["fleet://admin", "fleet://client/worker"])
    expect(await askKeys("operator", uri)).toBe("answered");
  expect(await dialShard("agent", "fleet://cluster/c1")).toBe("accepted");
  expect(await askCoordinator("peer", "fleet://replica/1")).toBe("answered");
  const client = closed(
    new ShardClient(
      shard.address,
      channelCredentials(held("operator", "fleet://admin"), shard.address),
      channelOptions,
    ),
  );
  const reports = async () => (await unary(client.getShardStatus.bind(client), {}, limits())).lastReportAgeMs;
  await expect.poll(reports, { timeout: WAIT_MS }).toBeDefined();
});

test.each([
  { by: "agent", uri: "fleet://shard/s1", server: "shard" },
  { by: "agent", uri: "fleet://replica/1", server: "replica" },
  { by: "shard", uri: "fleet://replica/1", server: "replica" },
] as const)(
  "a server that shows $uri of the $by authority is dialed by nobody",
  async ({ by, uri, server }) => {
    const posing = new Server(serverOptions);
    const address = await bindServer(posing, "127.0.0.1:0", held(by, uri));
    closing.push(() => posing.forceShutdown());
    const credentials = channelCredentials(loadTls(served("agent", "fleet://cluster/c1")), address, server);
    const client = closed(new CoordinatorClient(address, credentials, channelOptions));
    const failure = await unary(
      client.getStatus.bind(client),
      { hashAtIndex: 0 },
      {
        endMs: performance.now() + 2_000,
      },
    ).catch(readRpcError);
    expect(failure).toMatchObject({ message: expect.stringContaining("authority did not issue") });
  },
);

test("a process does not start with a certificate of another authority than its own", async () => {
  const start = startShard({
    ...{ shardId: "s1", listen: "127.0.0.1:0", dataDirectory: join(home.folder, "s1"), version: "test" },
    ...{ coordinators: [], tls: served("agent", "fleet://shard/s1"), log },
  });
  await expect(start).rejects.toMatchObject({ code: "AUTHORITY_MISMATCH" });
});

test("one authority changes under running processes: both are trusted, then the new one alone", async () => {
  const agents = of("agent");
  const before = agents.pair;
  const after = await createAuthority("the next");
  const c1 = "fleet://cluster/c1";
  await agents.trust([before, after]);
  await bundleAll();
  agents.pair = after;
  await agents.issue("agent-renewed", [c1]);
  await agents.issue("agent-forged", ["fleet://admin"]);
  const asRenewed = async () => {
    const { cert, key } = agents.files("agent-renewed");
    const tls = loadTls({ ca: join(home.folder, "all.crt"), cert, key });
    return withClient(shardAs(tls), (client) =>
      unary(client.getShardStatus.bind(client), {}, limits()).catch(readRpcError),
    );
  };
  // An agent may not ask that, and is told so once the shard knows who it is.
  await expect.poll(asRenewed, { timeout: WAIT_MS }).toMatchObject({ reason: "PERMISSION_DENIED" });
  expect(await dialShard("agent", c1)).toBe("accepted");
  await agents.trust([after]);
  const asBefore = async () => {
    const failure = await dialShard("agent", c1);
    return typeof failure === "string" ? failure : "refused";
  };
  await writeFile(
    join(home.folder, "all.crt"),
    `${await readFile(join(home.folder, "all.crt"), "utf8")}${before.certificate}`,
  );
  await expect.poll(asBefore, { timeout: WAIT_MS }).toBe("refused");
  expect(await asRenewed()).toMatchObject({ reason: "PERMISSION_DENIED" });
  expect(await askCoordinator("operator", "fleet://admin")).toBe("answered");
});
