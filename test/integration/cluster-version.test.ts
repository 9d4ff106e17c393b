// The cluster version of real processes (ADR-0015): a new fleet has the newest as soon as all its members are
// connected. Before that it names the members that it waits for. It still has the version after all of them were
// killed.

import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";

let cluster: CoordinatorCluster;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
});
afterAll(() => cluster.dispose());

async function versions() {
  const statuses = await Promise.all(cluster.nodes.map((node) => cluster.status(node)));
  return statuses.map((status) => status?.clusterVersion ?? null);
}

test("a new fleet comes to the newest version by itself, and every member knows every other's build", async () => {
  await expect.poll(versions).toEqual([KNOWN_VERSION, KNOWN_VERSION, KNOWN_VERSION]);
  const { members } = await cluster.client().listMembers({ deadlineMs: 20_000 });
  expect(members.map(({ knownVersion }) => knownVersion)).toEqual(Array(3).fill(KNOWN_VERSION));
  expect(new Set(members.map(({ build }) => build)).size).toBe(1);
  expect(members[0]?.build).not.toBe("");
  const { versions: seen, hashesAgree } = await cluster.client().status();
  expect(seen).toEqual({ ruling: KNOWN_VERSION, newest: KNOWN_VERSION, awaited: [] });
  expect(hashesAgree).not.toBe(false);
});

test("a fleet that was killed whole has its version still, with a member away", async () => {
  for (const node of cluster.nodes) await cluster.kill(node);
  const [first, second] = cluster.nodes;
  await cluster.start(present(first, "there are three"));
  await cluster.start(present(second, "there are three"));
  await expect.poll(versions).toEqual([KNOWN_VERSION, KNOWN_VERSION, null]);
});
