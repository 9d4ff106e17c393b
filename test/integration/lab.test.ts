// `fleet lab` against a real coordinator, small: what it makes is there, and taken out again it leaves an operator's
// rows alone. No speed is asserted here.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { LAB_PREFIX } from "../../src/core/lab/names.ts";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1");
  client = await fleet.client();
  const shard = { shardId: "s1", address: "127.0.0.1:1", epoch: 1, region: "", zone: "" };
  await client.submit({ kind: { $case: "registerShard", value: shard } });
  await bind("c1", "s1");
});

afterAll(() => fleet?.dispose());

function bind(clusterId: string, shardId: string) {
  return client.submit({
    kind: { $case: "bindCluster", value: { clusterId, shardId, expectedVersion: undefined } },
  });
}

test("it refuses to fill a fleet when nobody can be asked, and makes nothing", async () => {
  expect((await fleet.run("lab")).exit).toBe(2);
  expect((await client.listShards({ filter: { prefix: LAB_PREFIX } })).shards).toEqual([]);
});

test("size S is filled and loaded, and what agents dialled elsewhere was seen as drift", async () => {
  const { exit, stdout, stderr } = await fleet.run(
    ...["lab", "--size", "S", "--duration", "6s", "--dial-every", "1s", "--report-every", "1s"],
    ...["--yes", "-o", "json"],
  );
  expect(exit, stderr).toBe(0);
  const { commits, reports, there } = JSON.parse(stdout);
  expect(there).toEqual({ shards: 3, clusters: 20, domains: 500, quotas: 5 });
  expect(commits.count).toBeGreaterThan(0);
  expect(reports.count).toBeGreaterThan(0);
  const { clusters } = await client.listClusters({ filter: { prefix: LAB_PREFIX } });
  expect(clusters).toHaveLength(20);
});

test("reset refuses while an operator's cluster hangs on a lab shard, and removes nothing", async () => {
  await bind("mine", "lab-s001");
  const { exit, stderr } = await fleet.run("lab", "--reset", "--yes");
  expect(exit, stderr).toBe(9);
  expect(stderr).toContain("mine");
  expect((await client.listDomains()).domains).toHaveLength(500);
  const move = { clusterId: "mine", fromShard: "lab-s001", toShard: "s1", migrationId: "m1", supersedes: "" };
  await client.submit({ kind: { $case: "beginRebind", value: { ...move, expectedVersion: undefined } } });
});

test("reset removes exactly the lab's rows", async () => {
  const settled = { clusterId: "mine", migrationId: "m1", expectedVersion: undefined };
  await client.submit({ kind: { $case: "settleRebind", value: settled } });
  const { exit, stderr } = await fleet.run("lab", "--reset", "--yes");
  expect(exit, stderr).toBe(0);
  const { clusters } = await client.listClusters();
  expect(clusters.map(({ clusterId }) => clusterId)).toEqual(["c1", "mine"]);
  expect((await client.listDomains()).domains).toEqual([]);
  const { shards } = await client.listShards();
  expect(shards.map(({ shard }) => shard?.shardId)).toEqual(["s1"]);
});
