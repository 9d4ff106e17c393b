// Who may call what of a coordinator, over real mutual TLS. A client that knows no generated code asks the standard
// services beside ours.

import { ChannelCredentials, Client, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holderTls, READONLY } from "../../src/client/files/layout.ts";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftClient } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { PATIENT, TestFleet } from "./local-fleet.ts";
import { askReflection, checkHealth } from "./standard-client.ts";

const DEADLINE_MS = 10_000;
const probe = { kind: { $case: "recordProbe", value: { drillId: "d", number: 1 } } } as const;
const denied = { code: status.PERMISSION_DENIED, reason: "PERMISSION_DENIED" };

let fleet: TestFleet;
let address: string;
const open: { close(): void }[] = [];

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1", "--shards", "1");
  const target = await fleet.target();
  address = present(target.endpoints[0], "the fleet has a node").address;
});
afterAll(async () => {
  for (const client of open) client.close();
  await fleet.dispose();
});

test("health is SERVING for the process and for each service", async () => {
  const client = generic("admin");
  for (const service of ["", "fleet.v1.Coordinator", "fleet.v1.Raft"]) {
    expect(await checkHealth(client, service)).toMatchObject({ status: "SERVING" });
  }
});

test("reflection lists the services and describes them", async () => {
  const client = generic("admin");
  const listed = await askReflection(client, { list_services: "" });
  const names = ["fleet.v1.Coordinator", "fleet.v1.Raft", "grpc.health.v1.Health"];
  const service = names.map((name) => ({ name }));
  expect(listed).toMatchObject({ list_services_response: { service: expect.arrayContaining(service) } });
  const described = await askReflection(client, { file_containing_symbol: "fleet.v1.Coordinator" });
  const files = expect.arrayContaining([expect.any(String)]);
  expect(described).toMatchObject({ file_descriptor_response: { file_descriptor_proto: files } });
});

test("a client without a certificate gets nowhere", async () => {
  const { ca } = loadTls(holderTls(fleet.directory, "admin"));
  const credentials = ChannelCredentials.createSsl(ca, null, null, { checkServerIdentity: () => undefined });
  const client = opened(new Client(address, credentials, channelOptions));
  const failure = await failureOf(checkHealth(client, ""));
  expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: null });
});

test("a readonly certificate lists, and writes nothing", async () => {
  const target = { ...(await fleet.target()), tls: holderTls(fleet.directory, READONLY) };
  const client = opened(FleetClient.connect(target, PATIENT));
  // The shard registers with its first report, which may come after the fleet's first write.
  await expect
    .poll(async () => (await client.listShards()).shards)
    .toMatchObject([{ shard: { shardId: "s1" } }]);
  await expect(client.submit(probe)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});

test.each([{ holder: "s1" }, { holder: "n1" }, { holder: READONLY }])(
  "$holder may not submit",
  async ({ holder }) => {
    const client = opened(connectCoordinator(loadTls(holderTls(fleet.directory, holder)), address));
    const request = {
      sessionId: 0,
      sequence: 0,
      firstOutstanding: 0,
      reason: "",
      operation: probe,
      dryRun: false,
    };
    const submitted = unary(client.submit.bind(client), request, { endMs: performance.now() + DEADLINE_MS });
    expect(await failureOf(submitted)).toMatchObject(denied);
  },
);

test("a shard reports as itself only", async () => {
  const client = opened(connectCoordinator(loadTls(holderTls(fleet.directory, "s1")), address));
  const report = ReportShardRequest.fromPartial({
    shardId: "other",
    address: "127.0.0.1:1",
    epoch: 1,
    cycle: 1,
  });
  const reported = unary(client.reportShard.bind(client), report, { endMs: performance.now() + DEADLINE_MS });
  expect(await failureOf(reported)).toMatchObject(denied);
});

test.each([
  { method: "Exchange", call: (raft: RaftClient) => exchange(raft) },
  { method: "InstallSnapshot", call: (raft: RaftClient) => installSnapshot(raft) },
  { method: "Rejoin", call: (raft: RaftClient) => rejoin(raft) },
])("an administrator is no replica: $method is refused", async ({ call }) => {
  const raft = opened(new RaftClient(address, credentialsOf("admin"), channelOptions));
  expect(await failureOf(call(raft))).toMatchObject(denied);
});

function exchange(raft: RaftClient): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stream = raft.exchange({ deadline: Date.now() + DEADLINE_MS });
    stream.on("data", resolve);
    stream.on("error", reject);
  });
}

function installSnapshot(raft: RaftClient): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stream = raft.installSnapshot({ deadline: Date.now() + DEADLINE_MS }, (error, receipt) =>
      error === null ? resolve(receipt) : reject(error),
    );
    stream.on("error", reject);
    stream.end();
  });
}

function rejoin(raft: RaftClient): Promise<unknown> {
  const request = { clusterId: "c", nodeId: 1, restored: false, whole: false, knownVersion: 2 };
  return unary(raft.rejoin.bind(raft), request, { endMs: performance.now() + DEADLINE_MS });
}

function generic(holder: string): Client {
  return opened(new Client(address, credentialsOf(holder), channelOptions));
}

function credentialsOf(holder: string): ChannelCredentials {
  return channelCredentials(loadTls(holderTls(fleet.directory, holder)), address);
}

function opened<Closable extends { close(): void }>(client: Closable): Closable {
  open.push(client);
  return client;
}

async function failureOf(call: Promise<unknown>) {
  return call.then(
    () => {
      throw new Error("the call was answered");
    },
    (error: unknown) => readRpcError(error),
  );
}
