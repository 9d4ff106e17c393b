// kill -9 of whole coordinators under writes, at the points that only a group has. These are appends of a leader and a
// follower, a vote, a snapshot of applied state, and every step of readmission (ADR-0002). After each, all replicas
// agree and every acknowledged write is there, applied once.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { verifyDataFolder } from "../../src/core/storage/verify.ts";
import type { NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { areEqual, type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";

interface ClusterKillPoint {
  /** wiped: a follower whose data folder was taken away; voter: a follower whose leader is killed. */
  readonly who: "leader" | "follower" | "wiped" | "voter" | "leader of a wiped";
  readonly kill: string;
}

const POINTS: readonly ClusterKillPoint[] = [
  { who: "leader", kill: "midway write frame:entry" },
  { who: "leader", kill: "after write frame:entry" },
  { who: "leader", kill: "after sync frame:entry" },
  { who: "follower", kill: "after write frame:entry" },
  { who: "follower", kill: "after sync frame:entry" },
  { who: "voter", kill: "after write frame:vote" },
  { who: "follower", kill: "midway fill snapshot.tmp" },
  { who: "follower", kill: "after rename snapshot" },
  { who: "leader", kill: "after sync frame:mark" },
  { who: "follower", kill: "after remove snapshot" },
  { who: "wiped", kill: "after rename rejoining" },
  { who: "wiped", kill: "after rename snapshot" },
  { who: "wiped", kill: "after sync frame:received-mark" },
  { who: "wiped", kill: "after sync frame:conf-change" },
  { who: "wiped", kill: "before remove rejoining" },
  { who: "wiped", kill: "after remove rejoining" },
  { who: "leader of a wiped", kill: "after write frame:conf-change" },
  { who: "leader of a wiped", kill: "after sync frame:conf-change" },
];

const WRITERS = 4;

let cluster: CoordinatorCluster;
let client: FleetClient;
let next = 1;
const acknowledged = new Set<number>();

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 20, faults: true });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

test.each(POINTS)("$who killed $kill", async ({ who, kill }) => {
  const leader = await cluster.leader();
  const follower = present(
    cluster.nodes.find((node) => node !== leader),
    "there are three nodes",
  );
  const victim = who.startsWith("leader") ? leader : follower;
  const stopWriting = startWriting();
  onTestFinished(() => void stopWriting());
  // Planned first: the vote may be asked for as soon as the leader is gone, and no replica votes while it is there.
  await cluster.plan(victim, { kill });
  if (who === "voter") await cluster.kill(leader);
  if (who.endsWith("wiped")) await comeBackWithout(follower);
  expect(await cluster.ended(victim), "the point was reached").toBe("SIGKILL");
  await cluster.plan(victim, {});
  await cluster.start(victim);
  if (who === "voter") await cluster.start(leader);
  await stopWriting();
  await cluster.until(isWhole);
  await expectAllAcknowledged();
});

test("what is left on the disks is sound", async () => {
  for (const node of cluster.nodes) await cluster.kill(node);
  for (const node of cluster.nodes) {
    expect(await verifyDataFolder(node.data, () => null)).toMatchObject({ damaged: 0, nodeId: node.id });
  }
  process.stdout.write(`kill points: ${POINTS.length} in a cluster\n`);
});

/** The node loses its disk and is started again; it may be killed before it listens. */
async function comeBackWithout(node: ClusterNode): Promise<void> {
  await cluster.kill(node);
  await cluster.wipe(node);
  await cluster.start(node).catch(() => undefined);
}

/** Writes without pause; returns what ends that. */
function startWriting(): () => Promise<unknown> {
  let isStopped = false;
  const write = async () => {
    while (!isStopped) {
      const number = next++;
      const operation = { kind: { $case: "recordProbe", value: { drillId: "k", number } } } as const;
      const written = await client.submit(operation, { deadlineMs: 20_000 }).catch(() => null);
      if (written !== null) acknowledged.add(number);
      // Without a pause the writers would take the CPU from the replicas.
      await sleep(written === null ? 50 : 5);
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  return () => {
    isStopped = true;
    return Promise.all(writers);
  };
}

async function expectAllAcknowledged(): Promise<void> {
  const { probes } = await client.listProbes("k");
  const applications = new Map(probes.map((probe) => [probe.number, probe.applications]));
  expect([...acknowledged].filter((number) => applications.get(number) !== 1)).toEqual([]);
}

/** Whether all hold the same state and every node votes. */
function isWhole(statuses: readonly NodeStatus[]): boolean {
  return (
    areEqual(statuses) &&
    statuses.every(({ members }) => members.length === 3 && !members.some(({ learner }) => learner))
  );
}
