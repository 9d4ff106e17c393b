// What agents want over real mutual TLS. Demand gets machines, and shards report what lacks. Moves wait for the
// machines' release, but not for ever.

import { Server } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SessionCall } from "../../src/core/shard/session.ts";
import { ShardService } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { bound, DataPlane, eventually, machines, wants } from "./data-plane-fixture.ts";
import { bindServer } from "./grpc-server.ts";

let plane: DataPlane;

beforeEach(async () => {
  plane = await DataPlane.create();
});
afterEach(() => plane.close());

test("demand gets machines, what lacks is reported, and a moving agent waits for its machines' release", async () => {
  const coordinator = await plane.coordinator();
  const pace = { fraction: 0.5, graceMs: 600_000 };
  const scheduling = { machines, cycleIntervalMs: 50, pace };
  const s1 = await plane.shard("s1", { ...scheduling, coordinators: [coordinator.address] });
  const s2 = await plane.shard("s2", scheduling);
  const agent = await plane.agent("c1", s1.address, {}, wants(12));
  const lacking = { clusterId: "c1", deficit: { machines: 2 } };
  await eventually(() => coordinator.reports.at(-1)?.shortfalls).toMatchObject([lacking]);
  expect(coordinator.reports.at(-1)?.summary).toMatchObject({ machinesTotal: 10, machinesFree: 0 });
  expect((await plane.status(s1.address)).demand).toMatchObject([{ clusterId: "c1", machines: 10 }]);

  const heldAtArrival = eventually(async () => {
    if (agent.state !== "connected") return null;
    const [there, left] = await Promise.all([plane.status(s2.address), plane.status(s1.address)]);
    return there.bindings.some(({ session }) => session) ? left.summary?.machinesFree : null;
  });
  agent.follow({ shardAddr: s2.address, demand: wants(3) });
  expect(agent.state).toBe("leaving");
  await heldAtArrival.toBe(10);
  await eventually(() => coordinator.reports.at(-1)?.shortfalls).toEqual([]);
  await eventually(async () => (await plane.status(s2.address)).demand).toMatchObject([{ machines: 3 }]);
});

test("a moving agent that is called back stays, with all it wants", async () => {
  // So slowly that the agent is called back long before the last one is taken.
  const pace = { fraction: 0.001, graceMs: 600_000 };
  const many = [{ instanceType: "small", zone: "a", count: 1_000 }];
  const s1 = await plane.shard("s1", { machines: many, cycleIntervalMs: 50, pace });
  const s2 = await plane.shard("s2");
  const agent = await plane.agent("c1", s1.address, {}, wants(1_000));
  const held = async () => (await plane.status(s1.address)).demand[0]?.machines;
  await eventually(held).toBe(1_000);
  agent.follow({ shardAddr: s2.address, demand: wants(1_000) });
  await eventually(held).toBeLessThan(1_000);
  agent.follow({ shardAddr: s1.address, demand: wants(1_000) });
  expect(agent.state).toBe("connected");
  await eventually(held).toBe(1_000);
  expect((await plane.status(s2.address)).bindings).toEqual([]);
});

test("a shard that is gone, or that reclaims for too long, does not hold an agent that moves", async () => {
  const many = [{ instanceType: "small", zone: "a", count: 10_000 }];
  const pace = { fraction: 0.000_1, graceMs: 600_000 };
  const slow = await plane.shard("slow", { machines: many, cycleIntervalMs: 50, pace });
  const gone = await plane.shard("gone", { machines: many, cycleIntervalMs: 50, pace });
  const target = await plane.shard("s2");
  const leave = { answerMs: 60_000, drainMs: 3_000 };
  const agents = {
    c1: await plane.agent("c1", slow.address, { leave }, wants(10_000)),
    c2: await plane.agent("c2", gone.address, { leave: { ...leave, drainMs: 60_000 } }, wants(10_000)),
  };
  for (const { address } of [slow, gone]) {
    await eventually(async () => (await plane.status(address)).demand).toMatchObject([{ machines: 10_000 }]);
  }
  for (const agent of Object.values(agents)) agent.follow({ shardAddr: target.address, demand: [] });
  await gone.close();
  for (const cluster of ["c1", "c2"]) {
    await eventually(() => plane.binding(target.address, cluster)).toMatchObject(bound(true));
  }
  // It continues to take back what it did not take back in time.
  expect((await plane.status(slow.address)).demand).toMatchObject([{ clusterId: "c1", groups: [] }]);
});

test("nor does a shard that answers no more", async () => {
  const server = new Server();
  const accept = (call: SessionCall) => {
    call.once("data", () => call.write({ frame: { $case: "accepted", value: { shardId: "s1", epoch: 1 } } }));
    call.on("cancelled", () => call.end());
  };
  server.addService({ session: ShardService.session }, { session: accept });
  const tls = loadTls(await plane.issue("shard-s1", "fleet://shard/s1"));
  const frozen = await bindServer(server, "127.0.0.1:0", tls);
  plane.onClose(() => server.forceShutdown());
  const target = await plane.shard("s2");
  const agent = await plane.agent("c1", frozen, { leave: { answerMs: 200, drainMs: 600_000 } });
  await eventually(() => agent.state).toBe("connected");
  agent.follow({ shardAddr: target.address, demand: [] });
  await eventually(() => plane.binding(target.address, "c1")).toMatchObject(bound(true));
});

test("a released cluster's machines are taken back, whatever its agent said last", async () => {
  const coordinator = await plane.coordinator();
  const pace = { fraction: 1, graceMs: 600_000 };
  const changes = { coordinators: [coordinator.address], machines, cycleIntervalMs: 50, pace };
  const shard = await plane.shard("s1", changes);
  const agent = await plane.agent("c1", shard.address, {}, wants(8));
  const free = async () => (await plane.status(shard.address)).summary?.machinesFree;
  await eventually(free).toBe(2);
  await agent.stop();
  await eventually(() => coordinator.reported("c1")).toMatchObject(bound(false));
  expect(await free()).toBe(2);
  coordinator.release("c1", 1);
  await eventually(free).toBe(10);
});

test("a roll-up beyond all measure ends the session, and changes nothing", async () => {
  const shard = await plane.shard("s1", { machines });
  const { call, outcome, ended } = plane.session(shard.address, "c1");
  expect(await outcome).toBe("accepted");
  call.write({ frame: { $case: "demand", value: { number: 1, groups: wants(2_000_000_000) } } });
  expect(readRpcError(await ended)).toMatchObject({ reason: "DEMAND_INVALID" });
  expect((await plane.status(shard.address)).demand).toEqual([]);
});
