// Shards and agents over real mutual TLS: what they do with a coordinator, without one, and across restarts.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DemandBook, RECLAIM_PACE } from "../../src/core/shard/demand-book.ts";
import { SessionRegistry } from "../../src/core/shard/session-registry.ts";
import { ShardStore } from "../../src/core/shard/shard-store.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { formatAgentsFile } from "../../src/core/wire/files/agents-file.ts";
import {
  Instruction,
  InstructionKind,
  InstructionOutcome,
} from "../../src/core/wire/gen/fleet/v1/command.ts";
import { type ShardServer, ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { bound, DataPlane, eventually, RecordedLog, released, releasing } from "./data-plane-fixture.ts";
import { askReflection, checkHealth, filesIn } from "./standard-client.ts";

let plane: DataPlane;

beforeEach(async () => {
  plane = await DataPlane.create();
});
afterEach(() => plane.close());

test("a first contact binds without any coordinator, and outlives the shard's restart", async () => {
  const shard = await plane.shard("s1");
  const agent = await plane.agent("c1", shard.address);
  await eventually(() => agent.state).toBe("connected");
  expect(await plane.status(shard.address)).toMatchObject({ bindings: [bound(true)] });
  const { epoch } = await plane.status(shard.address);
  await shard.close();
  await eventually(() => agent.state).not.toBe("connected");
  await plane.shard("s1", { listen: shard.address });
  await eventually(() => agent.state).toBe("connected");
  const restarted = await plane.status(shard.address);
  expect(restarted).toMatchObject({ bindings: [bound(true)] });
  expect(restarted.epoch).toBeGreaterThan(epoch);
});

test("dead coordinators cost a shard nothing but one line in its log", async () => {
  const shard = await plane.shard("s1", { coordinators: ["127.0.0.1:1", "127.0.0.1:2"] });
  const agent = await plane.agent("c1", shard.address);
  await eventually(() => agent.state).toBe("connected");
  await eventually(() => shard.log.warnings).toEqual([
    expect.stringContaining("sessions continue without it"),
  ]);
  expect((await plane.status(shard.address)).lastReportAgeMs).toBeUndefined();
});

test("a shard follows the members that a leader names, also after a restart with its old list", async () => {
  const first = await plane.coordinator();
  const second = await plane.coordinator();
  const coordinators = [first.address];
  first.coordinators = [second.address];
  second.coordinators = [second.address];
  const shard = await plane.shard("s1", { coordinators });
  await eventually(() => second.reports.length).toBeGreaterThan(1);
  expect(first.reports).toHaveLength(1);
  first.stop();
  await shard.close();
  const before = second.reports.length;
  await plane.shard("s1", { coordinators });
  await eventually(() => second.reports.length).toBeGreaterThan(before);
});

test("an older leader's members are not followed", async () => {
  const coordinator = await plane.coordinator();
  const other = await plane.coordinator();
  coordinator.term = 5;
  await plane.shard("s1", { coordinators: [coordinator.address] });
  await eventually(() => coordinator.reports.length).toBeGreaterThan(1);
  coordinator.term = 4;
  coordinator.coordinators = [other.address];
  const before = coordinator.reports.length;
  await eventually(() => coordinator.reports.length).toBeGreaterThan(before + 2);
  expect(other.reports).toEqual([]);
});

test("a coordinator is told of sessions, and after its own outage again", async () => {
  const first = await plane.coordinator();
  const shard = await plane.shard("s1", { coordinators: [first.address] });
  const agent = await plane.agent("c1", shard.address);
  await eventually(() => first.reported("c1")).toMatchObject({ version: 0, ...bound(true) });
  first.stop();
  await agent.stop();
  const second = await plane.coordinator(first.address);
  await eventually(() => second.reported("c1")).toMatchObject(bound(false));
  const all = [...first.reports, ...second.reports];
  const cycles = all.map(({ cycle }) => cycle);
  expect(cycles).toEqual(cycles.toSorted((a, b) => a - b));
  // One whose answer did not come in time is sent again as it was.
  for (const report of all) expect(report).toEqual(all.find(({ cycle }) => cycle === report.cycle));
});

test("a release waits for the session's end, then refuses the cluster until it is given back", async () => {
  const coordinator = await plane.coordinator();
  const shard = await plane.shard("s1", { coordinators: [coordinator.address] });
  const agent = await plane.agent("c1", shard.address);
  await eventually(() => coordinator.reported("c1")).toMatchObject(bound(true));
  await eventually(() => agent.state).toBe("connected");

  coordinator.release("c1", 1);
  await eventually(() => coordinator.reported("c1")).toMatchObject({ version: 1, ...releasing(true) });
  expect(agent.state).toBe("connected");
  const refusal = readRpcError(await plane.session(shard.address, "c1").outcome);
  expect(refusal).toMatchObject({
    code: status.FAILED_PRECONDITION,
    reason: "CLUSTER_RELEASED",
    metadata: { to_shard: "s2", to_address: "127.0.0.1:7002" },
  });

  await agent.stop();
  await eventually(() => coordinator.reported("c1")).toMatchObject({ version: 1, ...released });
  const returned = await plane.agent("c1", shard.address);
  await eventually(() => returned.state).toBe("refused");

  coordinator.accept("c1", 2);
  await eventually(() => returned.state).toBe("connected");
  await eventually(() => coordinator.reported("c1")).toMatchObject({ version: 2, ...bound(true) });
});

test("a release outlives the shard's restart, with no coordinator to repeat it", async () => {
  const coordinator = await plane.coordinator();
  const shard = await plane.shard("s1", { coordinators: [coordinator.address] });
  const agent = await plane.agent("c1", shard.address);
  await eventually(() => agent.state).toBe("connected");
  coordinator.release("c1", 1);
  await eventually(() => coordinator.reported("c1")).toMatchObject(releasing(true));
  coordinator.stop();
  await shard.close();
  await plane.shard("s1", { listen: shard.address });
  await eventually(() => agent.state).toBe("refused");
  expect(await plane.binding(shard.address, "c1")).toMatchObject({ version: 1, ...released });
});

test("an agent whose connection broke takes over from itself", async () => {
  const shard = await plane.shard("s1");
  const first = plane.session(shard.address, "c1", "admin", "agent-1");
  expect(await first.outcome).toBe("accepted");
  const second = plane.session(shard.address, "c1", "admin", "agent-1");
  expect(await second.outcome).toBe("accepted");
  expect(readRpcError(await first.ended)).toMatchObject({ code: status.ABORTED, reason: "SESSION_REPLACED" });
  // The end of the first must not be taken for the end of the cluster's session.
  expect(await plane.binding(shard.address, "c1")).toMatchObject(bound(true));
  expect((await plane.status(shard.address)).doubleDials).toEqual([]);
  second.call.cancel();
  await eventually(() => plane.binding(shard.address, "c1")).toMatchObject(bound(false));
});

test("a second agent is refused and reported while the first one lives, and let in when that is gone", async () => {
  const coordinator = await plane.coordinator();
  const shard = await plane.shard("s1", { coordinators: [coordinator.address] });
  const first = await plane.agent("c1", shard.address);
  await eventually(() => first.state).toBe("connected");
  for (const instance of ["agent-2", ""]) {
    const refusal = readRpcError(await plane.session(shard.address, "c1", "admin", instance).outcome);
    expect(refusal).toMatchObject({ code: status.ALREADY_EXISTS, reason: "CLUSTER_SESSION_LIVE" });
    expect(refusal.retryDelayMs).toBe(5_000);
  }
  const seen = { clusterId: "c1", from: expect.stringMatching(/^127\.0\.0\.1:\d+$/), count: 2 };
  expect((await plane.status(shard.address)).doubleDials).toMatchObject([seen]);
  await eventually(() => coordinator.reports.at(-1)?.doubleDials).toMatchObject([seen]);
  const said = shard.log.warnings.filter((warning) => warning.includes("second agent"));
  expect(said).toEqual(["a second agent dials for a cluster that has a session"]);
  expect(first.state).toBe("connected");

  const second = await plane.agent("c1", shard.address);
  await eventually(() => second.state).toBe("waiting");
  await first.stop();
  await eventually(() => second.state).toBe("connected");
  await eventually(() => coordinator.reports.at(-1)?.doubleDials).toEqual([]);
});

test("a cluster given back is served at once, not at the shard's next report", async () => {
  const coordinator = await plane.coordinator();
  coordinator.release("c1", 1);
  const coordinators = [coordinator.address];
  const before = await plane.shard("s1", { coordinators });
  await eventually(() => coordinator.reported("c1")).toMatchObject({ version: 1, ...released });
  await before.close();
  const heard = coordinator.reports.length;
  const shard = await plane.shard("s1", { coordinators, reportIntervalMs: 600_000 });
  // Whether the first report of this start came through or not, the next one is ten minutes off.
  await eventually(() => coordinator.reports.length > heard || shard.log.warnings.length > 0).toBe(true);
  coordinator.accept("c1", 2);
  // Nothing but the refused dials of the agent makes the shard ask.
  const returned = await plane.agent("c1", shard.address);
  await eventually(() => returned.state).toBe("connected");
  await eventually(() => plane.binding(shard.address, "c1")).toMatchObject({ version: 2, ...bound(true) });
});

test("domain instructions are obeyed, acknowledged, and stay obeyed after a restart without coordinators", async () => {
  const coordinator = await plane.coordinator();
  const shard = await plane.shard("s1", { coordinators: [coordinator.address], region: "eu", zone: "eu-1" });
  const kind = InstructionKind.ASSIGN_DOMAIN;
  const instruction = Instruction.fromPartial({ key: "zone", value: "a", sequence: 7, kind });
  coordinator.domainInstructions = [instruction];
  const accepted = { key: "zone", value: "a", sequence: 7, outcome: InstructionOutcome.ACCEPTED };
  await eventually(() => coordinator.reports.at(-1)?.acks).toMatchObject([accepted]);
  expect(coordinator.reports.at(-1)).toMatchObject({ region: "eu", zone: "eu-1" });
  // Its answer has not arrived, as far as the coordinator is concerned: it is answered again.
  const heard = coordinator.reports.length;
  await eventually(() => coordinator.reports.slice(heard).at(-1)?.acks).toMatchObject([accepted]);
  coordinator.domainInstructions = [];
  await eventually(() => coordinator.reports.at(-1)?.acks).toEqual([]);
  coordinator.stop();
  await shard.close();
  const restarted = await plane.shard("s1");
  expect(await plane.status(restarted.address)).toMatchObject({
    coordinatorTerm: 1,
    domains: [{ key: "zone", value: "a", assigned: true, sequence: 7 }],
  });
});

test("a shard tells all domains that it holds when it was asked, until that was heard", async () => {
  const coordinator = await plane.coordinator();
  const kind = InstructionKind.ASSIGN_DOMAIN;
  coordinator.domainInstructions = [Instruction.fromPartial({ key: "zone", value: "a", sequence: 7, kind })];
  await plane.shard("s1", { coordinators: [coordinator.address] });
  const told = () => coordinator.reports.at(-1)?.heldDomains?.domains;
  await eventually(() => coordinator.reports.at(-1)?.acks).toHaveLength(1);
  expect(told()).toBeUndefined();
  coordinator.askDomains = true;
  await eventually(told).toEqual([{ key: "zone", value: "a", sequence: 7 }]);
  coordinator.askDomains = false;
  await eventually(told).toBeUndefined();
});

test("a shard describes itself and its health to clients that have never heard of fleet", async () => {
  const shard = await plane.shard("s1");
  const client = plane.client(shard.address);
  expect(await checkHealth(client, "fleet.v1.Shard")).toMatchObject({ status: "SERVING" });
  const services = await askReflection(client, { list_services: "" });
  expect(services).toMatchObject({
    list_services_response: { service: [{ name: "fleet.v1.Shard" }, { name: "grpc.health.v1.Health" }] },
  });
  const question = { file_containing_symbol: "fleet.v1.SessionHello" };
  const described = await askReflection(client, question);
  expect(filesIn(described)).toEqual([
    "fleet/v1/shard.proto",
    "fleet/v1/command.proto",
    "fleet/v1/coordinator.proto",
    "fleet/v1/views.proto",
    // The contract imports these two of Google's.
    "google/rpc/status.proto",
    "google/protobuf/any.proto",
  ]);
});

test("an agent gives up a shard that takes the connection and then says nothing", async () => {
  const { address, sessions } = await plane.silentServer("shard-s1", "fleet://shard/s1");
  await plane.agent("c1", address, { pingIntervalMs: 200 });
  await eventually(sessions).toBeGreaterThan(2);
});

test("a session begins with a hello, has one of them, and gets a pong for each ping", async () => {
  const shard = await plane.shard("s1");
  const ping = { frame: { $case: "ping" as const, value: { number: 7 } } };
  const rude = plane.client(shard.address).session();
  const refusal = new Promise((resolve) => rude.on("error", resolve));
  rude.write(ping);
  expect(readRpcError(await refusal)).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: "HELLO_EXPECTED",
  });

  const { call, outcome, ended } = plane.session(shard.address, "c1");
  expect(await outcome).toBe("accepted");
  const pong = new Promise((resolve) => call.on("data", resolve));
  call.write(ping);
  expect(await pong).toEqual({ frame: { $case: "pong", value: { number: 7 } } });
  call.write({ frame: { $case: "hello", value: { clusterId: "c1", protocolVersion: 1, instanceId: "" } } });
  expect(readRpcError(await ended)).toMatchObject({ reason: "HELLO_REPEATED" });
});

test("a binding that cannot be stored is not served, until it can", async () => {
  const shard = await plane.shard("s1");
  await rm(shard.dataDirectory, { recursive: true });
  for (const _attempt of ["the first contact", "a retry that finds it in memory"]) {
    const refusal = readRpcError(await plane.session(shard.address, "c1").outcome);
    expect(refusal).toMatchObject({ code: status.UNAVAILABLE, reason: "BINDING_NOT_DURABLE" });
  }
  await mkdir(shard.dataDirectory);
  expect(await plane.session(shard.address, "c1").outcome).toBe("accepted");
});

test("a silent session is ended, but not for a silence of the shard's own making", async () => {
  let nowMs = 0;
  const tls = loadTls(await plane.issue("shard-s1", "fleet://shard/s1"));
  const store = await ShardStore.open({ dataDirectory: plane.folder, shardId: "s1" });
  const registry = new SessionRegistry({
    ...{ shardId: "s1", store, tls, log: new RecordedLog(), now: () => nowMs },
    demand: new DemandBook({ machines: null, region: "", pace: RECLAIM_PACE }),
    ...{ changed: () => {}, refused: () => {} },
    errors: new InternalErrors("shard s1", new RecordedLog()),
  });
  const errors = new InternalErrors("shard s1", new RecordedLog());
  const server = new RpcServer({ tls, errors, log: new RecordedLog(), options: serverOptions });
  server.addService<Pick<ShardServer, "session">>(
    { session: ShardService.session },
    { session: (call) => registry.serve(call) },
    { session: { allow: anyIdentity, bytesMax: 1_000 } },
  );
  const address = await server.listen("127.0.0.1:0");
  plane.onClose(() => server.close());
  const { outcome, ended } = plane.session(address, "c1");
  expect(await outcome).toBe("accepted");

  nowMs = 60_000;
  registry.sweep();
  expect(registry.hasSession("c1")).toBe(true);
  nowMs += 1_000;
  registry.sweep();
  expect(registry.hasSession("c1")).toBe(false);
  expect(readRpcError(await ended)).toMatchObject({
    code: status.DEADLINE_EXCEEDED,
    reason: "SESSION_SILENT",
  });
});

test("many agents in one process follow their file; a broken file changes nothing", async () => {
  const [s1, s2] = [await plane.shard("s1"), await plane.shard("s2")];
  const names = Array.from({ length: 60 }, (_, number) => `c${number}`);
  await Promise.all(names.map((name) => plane.issue(name, `fleet://cluster/${name}`)));
  const file = join(plane.folder, "agents.yaml");
  const agents = names.map((cluster) => ({ cluster, shardAddr: s1.address }));
  await writeFile(file, formatAgentsFile(agents));
  const log = new RecordedLog();
  const host = await plane.agentHost(file, log);
  const isAllConnected = () => host.agents().every((agent) => agent.state === "connected");
  await eventually(isAllConnected).toBe(true);
  expect((await plane.status(s1.address)).bindings.filter((binding) => binding.session)).toHaveLength(60);

  const moved = agents
    .slice(1)
    .map((agent, index) => (index === 0 ? { ...agent, shardAddr: s2.address } : agent));
  await writeFile(file, formatAgentsFile(moved));
  expect(await host.reload()).toEqual({ ok: true, started: 0, stopped: 1, changed: 1 });
  await eventually(isAllConnected).toBe(true);
  expect((await plane.status(s2.address)).bindings).toMatchObject([{ clusterId: "c1", session: true }]);
  await eventually(
    async () => (await plane.status(s1.address)).bindings.filter((b) => b.session).length,
  ).toBe(58);

  await writeFile(file, "agents:\n  - {cluster: c1}");
  expect(await host.reload()).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining(":2:") },
  });
  expect(host.agents()).toHaveLength(59);
  expect(log.errors).toHaveLength(1);
  expect(isAllConnected()).toBe(true);
});
