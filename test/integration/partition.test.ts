// Partitions between real coordinators: the minority refuses within the deadline and never hangs, the majority
// continues, and after healing all are one again.

import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { areEqual, type ClusterNode, CoordinatorCluster, followOneLeader } from "./coordinator-cluster.ts";

// Within what the server lets a call take at most, and long: it is the refusal that is waited for.
const DEADLINE_MS = 25_000;

let cluster: CoordinatorCluster;
let client: FleetClient;
let probes = 0;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, profile: "wan" });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

test.each([
  { how: "cut", why: "its peers see its connections end" },
  { how: "freeze", why: "its peers hear nothing more" },
] as const)(
  "a leader in the minority refuses, the majority goes on, healed they are one: $why",
  async ({ how }) => {
    const old = await cluster.leader();
    const majority = cluster.nodes.filter((node) => node !== old);
    for (const wire of cluster.wires(old)) wire[how]();
    // Asked at once, while it may still believe that it leads, and again when it knows better.
    expect(await refusals(old)).toEqual([unavailable(), unavailable()]);
    await cluster.until(([alone]) => alone?.leaderId === 0, [old]);
    expect(await refusals(old)).toEqual([unavailable(), unavailable()]);

    const next = await cluster.leader(majority);
    expect(next).not.toBe(old);
    await client.submit(probe());
    for (const wire of cluster.wires(old)) wire.heal();
    await cluster.until(areEqual);
    expect((await client.listProbes("d")).probes).toMatchObject(Array(probes).fill({ applications: 1 }));
  },
);

test("a follower in the minority refuses, and comes back without disturbing the leader", async () => {
  const leader = await cluster.leader();
  const cutOff = otherThan(leader);
  const { term } = present(await cluster.status(leader), "the leader answers");
  for (const wire of cluster.wires(cutOff)) wire.freeze();
  await cluster.until(([alone]) => alone?.leaderId === 0, [cutOff]);
  expect(await refusals(cutOff)).toEqual([unavailable(), unavailable()]);
  await client.submit(probe());
  for (const wire of cluster.wires(cutOff)) wire.heal();
  const healed = await cluster.until(areEqual);
  expect(healed.map((node) => [node.leaderId, node.term])).toEqual(Array(3).fill([leader.id, term]));
});

test("a linearizable read under way when its follower is cut off is refused, not left waiting", async () => {
  const cutOff = otherThan(await cluster.leader());
  for (const wire of cluster.wires(cutOff)) wire.freeze();
  expect(await refusal(read(cutOff))).toEqual(unavailable());
  for (const wire of cluster.wires(cutOff)) wire.heal();
  await cluster.until(areEqual);
});

test("one lost connection from a follower to the leader changes no leader", async () => {
  const leader = await cluster.leader();
  const follower = otherThan(leader);
  const { term } = present(await cluster.status(leader), "the leader answers");
  const wire = cluster.link(follower, leader);
  wire.cut();
  for (let written = 0; written < 50; written += 1) await client.submit(probe());
  const during = await cluster.until(followOneLeader);
  expect(during.map((node) => [node.leaderId, node.term])).toEqual(Array(3).fill([leader.id, term]));
  wire.heal();
  const after = await cluster.until(areEqual);
  expect(after.map((node) => [node.leaderId, node.term])).toEqual(Array(3).fill([leader.id, term]));
});

/** How the node itself answers a write and a linearizable read; throws if it takes one. */
function refusals(node: ClusterNode): Promise<unknown[]> {
  const endMs = performance.now() + DEADLINE_MS;
  const operation: Operation = { kind: { $case: "recordProbe", value: { drillId: "refused", number: 1 } } };
  const request = { ...OUTSIDE_SESSIONS, reason: "", operation, dryRun: false };
  const write = unary(node.client.submit.bind(node.client), request, { endMs });
  return Promise.all([refusal(write), refusal(read(node))]);
}

function read(node: ClusterNode): Promise<unknown> {
  const limits = { endMs: performance.now() + DEADLINE_MS };
  return unary(node.client.listProbes.bind(node.client), { drillId: "d" }, limits);
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  const failure = await call.then(
    () => {
      throw new Error("a node without a quorum took the request");
    },
    (error: unknown) => readRpcError(error),
  );
  return { code: failure.code, reason: failure.reason };
}

/** The server's own word, with a reason; a bare UNAVAILABLE would be the channel's. */
const unavailable = () => ({
  code: status.UNAVAILABLE,
  reason: expect.stringMatching(/^(NO_QUORUM|NO_LEADER|LEADERSHIP_LOST)$/),
});

function probe(): Operation {
  probes += 1;
  return { kind: { $case: "recordProbe", value: { drillId: "d", number: probes } } };
}

function otherThan(leader: ClusterNode): ClusterNode {
  return present(
    cluster.nodes.find((node) => node !== leader),
    "there are three nodes",
  );
}
