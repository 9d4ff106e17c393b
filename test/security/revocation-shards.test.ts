// Shards learn of revocations from coordinators at once, and enforce them without any: after a restart too, from the first
// handshake on (ADR-0026, static stability).

import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { type RunningShard, startShard } from "../../src/core/shard/shard-server.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { type SessionDown, SessionUp, ShardClient } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../../src/core/wire/session-protocol.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { canonicalSerial } from "../../src/core/wire/tls/deny-list.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { firstDown } from "./first-down.ts";
import { HostileCluster } from "./hostile-cluster.ts";
import { cutInTime, knowsRevocations, REVOKED, revoke, unrevoke, WAIT_MS } from "./revoking.ts";

let cluster: HostileCluster;
let client: FleetClient;
let shard: RunningShard;
const serials = new Map<string, string>();
const clients: ShardClient[] = [];
const warnings: { readonly fact: string; readonly fields: unknown }[] = [];

beforeAll(async () => {
  cluster = await HostileCluster.start();
  client = cluster.client();
  await cluster.works();
  await knowsRevocations(cluster);
  for (const [name, uri] of [
    ["shard", "fleet://shard/s9"],
    ["stolen-shard", "fleet://shard/s9"],
    ["agent", "fleet://cluster/c1"],
    ["stolen-agent", "fleet://cluster/c1"],
    ["reader", "fleet://readonly"],
  ] as const)
    serials.set(name, canonicalSerial(await cluster.authority.issue(name, [uri])));
  shard = await start();
});
afterAll(async () => {
  for (const each of clients) each.close();
  await shard.close();
  await cluster.dispose();
});

const folder = () => join(cluster.authority.folder, "data", "s9");
const serialOf = (name: string) => serials.get(name) as string;

async function start(): Promise<RunningShard> {
  await mkdir(folder(), { recursive: true });
  const { id, address } = cluster.peer(1);
  expect(id).toBe(nodeId(1));
  return startShard({
    ...{ shardId: "s9", listen: "127.0.0.1:0", dataDirectory: folder(), version: "test" },
    coordinators: [address, cluster.peer(2).address, cluster.peer(3).address],
    tls: cluster.authority.files("shard"),
    log: { ...silentLog, warn: (fact, fields) => warnings.push({ fact, fields }) },
  });
}

function connect(holder: string): ShardClient {
  const credentials = channelCredentials(loadTls(cluster.authority.files(holder)), shard.address);
  const made = new ShardClient(shard.address, credentials, channelOptions);
  clients.push(made);
  return made;
}

type Stream = ClientDuplexStream<SessionUp, SessionDown>;

/** A session of cluster c1's agent, after its hello. */
function dial(holder: string): Stream {
  const stream = connect(holder).session({ deadline: Date.now() + WAIT_MS });
  const value = { clusterId: "c1", protocolVersion: SESSION_PROTOCOL_VERSION, instanceId: "i" };
  stream.write(SessionUp.fromPartial({ frame: { $case: "hello", value } }));
  return stream;
}

async function endOf(stream: Stream) {
  return readRpcError((await once(stream.resume(), "error"))[0]);
}

/** "accepted", or why a session is refused. */
async function sessionAs(holder: string) {
  return firstDown(dial(holder));
}

async function askAs(holder: string) {
  const asked = connect(holder);
  const limits = { endMs: performance.now() + WAIT_MS };
  return await unary(asked.getShardStatus.bind(asked), {}, limits).then(() => "answered", readRpcError);
}

test("an agent's certificate: its session is cut, a new one is refused, and its cluster's other certificate is not", async () => {
  const stream = dial("stolen-agent");
  await once(stream, "data");
  const ended = endOf(stream);
  await revoke(client, serialOf("stolen-agent"));
  await cutInTime(ended);
  await expect.poll(() => sessionAs("stolen-agent"), { timeout: WAIT_MS }).toMatchObject(REVOKED);
  expect(await sessionAs("agent")).toBe("accepted");
  expect(warnings).toContainEqual({
    fact: "a call was refused",
    fields: expect.objectContaining({ reason: "CERTIFICATE_REVOKED", identity: "fleet://cluster/c1" }),
  });
});

test("an operator's certificate is refused at a shard's port too", async () => {
  expect(await askAs("reader")).toBe("answered");
  await revoke(client, "fleet://readonly");
  await expect.poll(() => askAs("reader"), { timeout: WAIT_MS }).toMatchObject(REVOKED);
  await unrevoke(client, "fleet://readonly");
  await expect.poll(() => askAs("reader"), { timeout: WAIT_MS }).toBe("answered");
});

test("a shard's certificate reports nothing and hears nothing; the shard goes on with its own", async () => {
  const to = await cluster.leader();
  const stolen = cluster.coordinator("stolen-shard", to);
  const news = stolen.watchRevocations({ incarnation: "", version: 0 });
  await once(news, "data");
  const cut = once(news.resume(), "error");
  await revoke(client, serialOf("stolen-shard"));
  await cut;
  const request = ReportShardRequest.fromPartial({ shardId: "s9", address: "127.0.0.1:1", epoch: 2 ** 40 });
  const report = () => {
    const limits = { endMs: performance.now() + WAIT_MS };
    return unary(stolen.reportShard.bind(stolen), request, limits).then(() => "taken", readRpcError);
  };
  await expect.poll(report, { timeout: WAIT_MS }).toMatchObject(REVOKED);
  await revoke(client, "fleet://readonly");
  await expect.poll(() => askAs("reader"), { timeout: WAIT_MS }).toMatchObject(REVOKED);
});

test("with every coordinator dead the shard refuses what was revoked, and after a restart from the first handshake", async () => {
  const stored = async () => JSON.parse(await readFile(join(folder(), "revocations.json"), "utf8"));
  const { version } = (await client.listRevocations()).revocations.reduce((a, b) =>
    a.version > b.version ? a : b,
  );
  await expect.poll(async () => (await stored()).version, { timeout: WAIT_MS }).toBe(version);
  for (const peer of cluster.peers.slice(0, 3)) await cluster.stopNode(peer);
  expect(await sessionAs("stolen-agent")).toMatchObject(REVOKED);
  await shard.close();
  shard = await start();
  expect(await sessionAs("stolen-agent")).toMatchObject(REVOKED);
  expect(await askAs("reader")).toMatchObject(REVOKED);
  expect(await sessionAs("agent")).toBe("accepted");
});

test("a restarted coordinator refuses it before it hears anyone", async () => {
  const [n1] = cluster.peers.slice(0, 1);
  if (n1 === undefined) throw new Error("the cluster has a node");
  await cluster.startNode(n1, cluster.peers.slice(0, 3), false);
  const asked = cluster.coordinator("reader", n1);
  const limits = { endMs: performance.now() + WAIT_MS };
  await expect(
    unary(asked.getStatus.bind(asked), { hashAtIndex: 0 }, limits).catch(readRpcError),
  ).resolves.toMatchObject(REVOKED);
});

test("a list that can't be understood stops the shard before it listens", async () => {
  await shard.close();
  const path = join(folder(), "revocations.json");
  const good = await readFile(path);
  for (const bad of [
    "{",
    "[]",
    '{"schemaVersion":2}',
    '{"schemaVersion":1,"incarnation":"","version":1,"denials":[{}]}',
  ]) {
    await writeFile(path, bad);
    await expect(start()).rejects.toMatchObject({ code: "DENY_LIST_UNREADABLE" });
  }
  await writeFile(path, good);
  shard = await start();
});
