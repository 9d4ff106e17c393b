// Many Raft groups in one process, as real processes. The tests ask who leads them, and what becomes of them when a
// node dies or hangs. They also ask what a restart of everything leaves of what was written.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { GroupKind } from "../../src/core/wire/gen/fleet/v1/command.ts";
import type { GroupView, NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";

const GROUPS = 20;
const TIMEOUT_MS = 120_000;
const ATTEMPT_MS = 8_000;

let cluster: CoordinatorCluster;
/** What was acknowledged, by group. */
const acknowledged = new Map<number, number>();

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 30, groups: GROUPS });
});
afterAll(() => cluster?.dispose());

test("every group gets a leader, leadership is spread over the nodes, and all fall quiescent", async () => {
  // Looks at the nodes come one after the other, and a group may have moved between two.
  const isLedOnce = (all: readonly NodeStatus[]) =>
    all.every(isAtRest) && sum(all.map(({ groups }) => groups?.led ?? 0)) === GROUPS + 1;
  const statuses = await cluster.until(isLedOnce);
  expect(statuses.map(({ groups }) => groups?.hosted)).toEqual([GROUPS + 1, GROUPS + 1, GROUPS + 1]);
  for (const { groups } of statuses) expect(groups?.led).toBeGreaterThanOrEqual(GROUPS / 5);
});

test("quiescent groups send nothing: a node's beats and the fleet's own group are all that is left", async () => {
  const areQuiet = async () => {
    const before = await cluster.until((all) => all.every(isAtRest));
    await sleep(1_000);
    const after = await cluster.until((all) => all.every(isAtRest));
    return after.every(({ uptimeMs, groups }, at) => {
      const ticks = (uptimeMs - present(before[at]?.uptimeMs, "asked before")) / 50;
      const sent = present(groups, "counted").messagesSent - (before[at]?.groups?.messagesSent ?? 0);
      // To two peers, at most: a heartbeat or an answer each, and now and then a group that woke.
      return sent < 4 * ticks + GROUPS;
    });
  };
  // A stall of the machine wakes them all; groups that don't rest are never quiet.
  await expect.poll(areQuiet).toBe(true);
});

test("a write wakes its group; every replica applies it, and the group falls quiescent again", async () => {
  for (let group = 1; group <= GROUPS; group += 1) await write(group);
  await untilEqual(cluster.nodes);
  await cluster.until((all) => all.every(isAtRest));
});

test("kill -9 of a node: its groups are led by the others, which go on writing", async () => {
  const [victim, ...survivors] = cluster.nodes;
  await cluster.kill(present(victim, "there are three nodes"));
  await cluster.until((all) => all.every(({ groups }) => groups?.leaderless === 0), survivors);
  for (let group = 1; group <= GROUPS; group += 1) await write(group, survivors);
  await untilEqual(survivors);
  await cluster.until((all) => all.every(isAtRest), survivors);
  await cluster.start(present(victim, "there are three nodes"));
  await untilEqual(cluster.nodes);
  await cluster.until((all) => all.every(isAtRest));
});

test("a node that is cut off while its groups are quiescent is replaced as their leader, without a write", async () => {
  const [, , node] = cluster.nodes;
  const victim = present(node, "there are three nodes");
  const others = cluster.nodes.filter((other) => other !== victim);
  await cluster.until((all) => all.every(isAtRest));
  for (const wire of cluster.wires(victim)) wire.freeze();
  await cluster.until((all) => sum(all.map(({ groups }) => groups?.led ?? 0)) === GROUPS + 1, others);
  // The one that is cut off finds out by itself that it leads nothing.
  await cluster.until(([alone]) => alone?.groups?.led === 0, [victim]);
  for (const wire of cluster.wires(victim)) wire.heal();
  await cluster.until((all) => all.every(isAtRest));
});

test("everything that was acknowledged is there after all nodes were killed and started again", async () => {
  for (const node of cluster.nodes) await cluster.kill(node);
  for (const node of cluster.nodes) await cluster.start(node);
  // The last entries are committed anew by the next leader.
  await cluster.until((all) => all.every(isAtRest));
  await untilEqual(cluster.nodes);
  const [first] = await views(cluster.nodes);
  for (const { groupId, tally } of first ?? []) expect(tally?.entries).toBe(acknowledged.get(groupId));
});

/** All groups have a leader that this node knows, and all but the fleet's own are quiescent. */
function isAtRest({ groups }: NodeStatus): boolean {
  return groups !== undefined && groups.leaderless === 0 && groups.quiescent === groups.hosted - 1;
}

/** Writes to the group by whichever of the nodes leads it; entries of tries whose end is unknown are tallied too. */
async function write(group: number, nodes = cluster.nodes): Promise<void> {
  const endMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const leader = await leaderOf(group, nodes).catch(() => undefined);
    const request = { groupId: group, data: Buffer.from(`entry of group ${group}`) };
    const call = leader?.client.writeGroup.bind(leader.client);
    const written =
      call && (await unary(call, request, { endMs: performance.now() + ATTEMPT_MS }).catch(() => null));
    if (written) {
      acknowledged.set(group, present(written.tally, "a write is tallied").entries);
      return;
    }
    if (performance.now() > endMs) throw new Error(`nobody leads group ${group}`);
    await sleep(50);
  }
}

async function leaderOf(group: number, nodes: readonly ClusterNode[]): Promise<ClusterNode | undefined> {
  const all = await views(nodes);
  return nodes[
    all.findIndex((seen) => seen.some(({ groupId, role }) => groupId === group && role === Role.LEADER))
  ];
}

/** What each of the nodes says of its groups. */
function views(nodes: readonly ClusterNode[]): Promise<GroupView[][]> {
  const endMs = performance.now() + ATTEMPT_MS;
  return Promise.all(
    nodes.map(async ({ client }) => {
      const { groups } = await unary(client.listGroups.bind(client), {}, { endMs });
      return groups;
    }),
  );
}

/** Waits until all of the nodes hold the same entries in every group. */
async function untilEqual(nodes: readonly ClusterNode[]): Promise<void> {
  const tallies = async () =>
    (await views(nodes)).map((seen) => seen.map(({ groupId, tally }) => `${groupId} ${tally?.digest}`));
  const isEqual = async () => new Set((await tallies()).map(String)).size === 1;
  await expect.poll(isEqual).toBe(true);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0);

test("a group that is created later is opened by every node, on an existing fleet", async () => {
  const created = await unary(
    (await cluster.leader()).client.createGroup.bind((await cluster.leader()).client),
    { kind: GroupKind.TALLY, groupId: 0, reason: "a test" },
    { endMs: performance.now() + ATTEMPT_MS },
  );
  expect(created.groupId).toBe(GROUPS + 1);
  await write(created.groupId);
  await untilEqual(cluster.nodes);
  for (const node of cluster.nodes) await cluster.kill(node);
  for (const node of cluster.nodes) await cluster.start(node);
  await untilEqual(cluster.nodes);
  const [first] = await views(cluster.nodes);
  expect(first?.find(({ groupId }) => groupId === created.groupId)?.kind).toBe("tally");
});

test("a node that lost its disk is admitted to every group again, and holds what was written", async () => {
  const [, victim] = cluster.nodes;
  const node = present(victim, "there are three nodes");
  const others = cluster.nodes.filter((other) => other !== node);
  await cluster.kill(node);
  await cluster.wipe(node);
  await cluster.until((all) => all.every(({ groups }) => groups?.leaderless === 0), others);
  await cluster.start(node);
  const votes = (all: readonly (readonly GroupView[])[]) =>
    all.every((seen) => seen.length === GROUPS + 1 && seen.every(({ voters }) => voters.length === 3));
  await expect.poll(async () => votes(await views(cluster.nodes))).toBe(true);
  await untilEqual(cluster.nodes);
  for (let group = 1; group <= GROUPS + 1; group += 1) await write(group);
  await untilEqual(cluster.nodes);
});
