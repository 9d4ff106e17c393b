// The replicated state of a real cluster of three, read and changed as operators do.

import { afterAll, beforeAll, expect, test } from "vitest";
import { allPages } from "../../src/client/all-pages.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest, ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState, Drift } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { violationsOf } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { areEqual, CoordinatorCluster } from "./coordinator-cluster.ts";
import { assignDomain, bindCluster, moveDomains, registerShard, setGate } from "./fleet-writes.ts";

const CLUSTERS = 2_000;
const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
let client: FleetClient;

beforeAll(async () => {
  // The leader exports no audit entries here: noting that would change the state while a test compares it.
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, auditExportEvery: 10_000 });
  client = cluster.client();
  for (const shard of ["s1", "s2", "s3"]) await client.submit(registerShard(shard), DEADLINE);
});
afterAll(() => cluster.dispose());

test("two concurrent binds of one cluster to two shards: one wins, the other is told the owner", async () => {
  const rival = cluster.client();
  const binds = [
    client.submit(bindCluster("fought", "s1"), DEADLINE),
    rival.submit(bindCluster("fought", "s2"), DEADLINE),
  ];
  const settled = await Promise.allSettled(binds);
  const lost = settled.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  expect(settled.filter((each) => each.status === "fulfilled")).toHaveLength(1);
  const { clusters } = await client.listClusters({ filter: { prefix: "fought" }, ...DEADLINE });
  const owner = clusters[0]?.declared?.shardId;
  expect(lost).toMatchObject([
    { code: "CLUSTER_ALREADY_BOUND", parts: { exit: 9, next: expect.stringContaining(`from ${owner}`) } },
  ]);
});

test("a list of two thousand clusters is paged: each once, in order, and a limited one says so", async () => {
  const names = Array.from({ length: CLUSTERS }, (_, at) => `page-${String(at).padStart(5, "0")}`);
  await Promise.all(names.map((name) => client.submit(bindCluster(name, "s3"), DEADLINE)));
  // The leader may have changed: another node refuses.
  const paged = async () => {
    const leader = (await cluster.leader()).client;
    let pages = 0;
    const { clusters } = await allPages((pageToken) => {
      pages += 1;
      const request = ListRequest.fromPartial({ pageSize: 150, pageToken, filter: { prefix: "page-" } });
      return unary(leader.listClusters.bind(leader), request, { endMs: performance.now() + 60_000 });
    }, "clusters");
    return { pages, names: clusters.map(({ clusterId }) => clusterId) };
  };
  await expect.poll(paged).toEqual({ pages: Math.ceil(CLUSTERS / 150), names });
  const limited = await client.listClusters({ filter: { prefix: "page-" }, rowsMax: 10, ...DEADLINE });
  expect({ more: limited.more, shown: limited.clusters.length }).toEqual({ more: true, shown: 10 });
  const { more } = await client.listClusters({ filter: { prefix: "page-0199" }, rowsMax: 10, ...DEADLINE });
  expect(more, "all ten of them").toBe(false);
});

test("a filter that says nothing about the rows is refused", async () => {
  const listed = client.listDomains({ filter: { actor: "fleet://admin" }, ...DEADLINE });
  await expect(listed).rejects.toMatchObject({ code: "FILTER_UNKNOWN", parts: { exit: 2 } });
});

test("a dry run answers as the write would, and changes nothing anywhere", async () => {
  const before = await cluster.until(areEqual);
  expect(await client.tryOut(assignDomain("dry", "s1"), DEADLINE)).toMatchObject({ changed: true });
  const { summary } = await client.tryOut(
    { kind: { $case: "removeShard", value: { shardId: "s3", force: true } } },
    DEADLINE,
  );
  // No process stands behind the row.
  expect(summary).toBe(
    `drops ${CLUSTERS} cluster bindings, and which may serve clusters that are not declared to it: it has not reported to this leader yet`,
  );
  await expect(client.tryOut(bindCluster("page-00000", "s1"), DEADLINE)).rejects.toMatchObject({
    code: "CLUSTER_ALREADY_BOUND",
  });
  const after = await cluster.until(areEqual);
  expect(after.map(({ stateHash }) => stateHash)).toEqual(before.map(({ stateHash }) => stateHash));
  expect((await client.listDomains(DEADLINE)).domains).toEqual([]);
});

test("4096 domains move as one, or not at all", async () => {
  const zones = Array.from({ length: 4_096 }, (_, at) => `z${at}`);
  const bad = moveDomains(zones, "s1");
  if (bad.kind?.$case === "moveDomains")
    bad.kind.value.moves[4_095] = { key: "zone", value: "last", shardId: "s9" };
  for (const attempt of [() => client.tryOut(bad, DEADLINE), () => client.submit(bad, DEADLINE)]) {
    const error = await attempt().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "BATCH_REFUSED", parts: { exit: 9 } });
    const cause = error instanceof Error ? error.cause : null;
    expect(violationsOf(cause)).toMatchObject([{ row: 4_095, reason: "SHARD_UNKNOWN" }]);
  }
  expect((await client.listDomains(DEADLINE)).domains).toEqual([]);
  const { index } = await client.submit(moveDomains(zones, "s1"), DEADLINE);
  const { domains } = await client.listDomains(DEADLINE);
  expect(new Set(domains.map(({ version }) => version))).toEqual(new Set([index]));
  expect(domains).toHaveLength(4_096);
  expect(await client.submit(moveDomains(zones, "s1"), DEADLINE)).toMatchObject({ changed: false });
  const { shards } = await client.listShards({ filter: { prefix: "s1" }, ...DEADLINE });
  expect(shards).toMatchObject([{ declaredDomains: 4_096, pendingInstructions: 4_096 }]);
});

test("of a refused batch as many rows are named as an answer can carry", async () => {
  const key = "k".repeat(250);
  const moves = Array.from({ length: 200 }, (_, at) => {
    return { key, value: `${"x".repeat(240)}${at}`, shardId: "s1", expectedVersion: 5 };
  });
  const batch: Operation = { kind: { $case: "moveDomains", value: { moves } } };
  const error = await client.tryOut(batch, DEADLINE).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "BATCH_REFUSED" });
  const rows = violationsOf(error instanceof Error ? error.cause : null).map(({ row }) => row);
  expect(rows.length).toBeGreaterThan(40);
  expect(rows).toEqual(rows.map((_, at) => at));
});

test("first contact can be switched off: what a shard reports then is seen, and bound by nobody", async () => {
  let cycle = 0;
  const report = async (clusterId: string) => {
    cycle += 1;
    const { client: leader } = await cluster.leader();
    const bindings = [{ clusterId, state: BindingState.BOUND, version: 0, session: true }];
    const place = { shardId: "s2", address: "s2:1", epoch: 1, region: "eu", zone: "eu-s2" };
    const request = ReportShardRequest.fromPartial({ ...place, cycle, bindings });
    await unary(leader.reportShard.bind(leader), request, { endMs: performance.now() + 60_000 });
    const { clusters } = await client.listClusters({ filter: { prefix: clusterId }, ...DEADLINE });
    return clusters.map(({ declared, drift }) => ({ owner: declared?.shardId ?? null, drift }));
  };
  await client.submit(setGate("first-contact", false), DEADLINE);
  // Told again: what was reported to a leader is gone with it.
  await expect.poll(() => report("stranger")).toEqual([{ owner: null, drift: Drift.ELSEWHERE }]);
  await client.submit(setGate("first-contact", true), DEADLINE);
  await expect.poll(() => report("stranger")).toEqual([{ owner: "s2", drift: Drift.NONE }]);
  await expect(client.submit(setGate("frist-contact", true), DEADLINE)).rejects.toMatchObject({
    code: "FEATURE_GATE_UNKNOWN",
    parts: { exit: 3 },
  });
});
