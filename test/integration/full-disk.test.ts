// A full disk under real coordinators. The node says so, takes no writes and hands over. It continues by itself when
// there is space again, but a failing sync ends it. The disk is full by injection (fault-preload.ts), so no rights
// are needed.

import { existsSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { lacks } from "../lacks.ts";
import { areEqual, CoordinatorCluster } from "./coordinator-cluster.ts";
import { TestFleet } from "./local-fleet.ts";

const SNAPSHOT_EVERY = 10;

let cluster: CoordinatorCluster;
let client: FleetClient;
let written = 0;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: SNAPSHOT_EVERY, faults: true });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

test("a leader whose disk is full hands over, says so, and recovers when there is space", async () => {
  const leader = await cluster.leader();
  await cluster.plan(leader, { full: true });
  await write(SNAPSHOT_EVERY + 1);
  await cluster.until(([own]) => own?.diskFull === true && own.leaderId !== leader.id, [leader]);
  await write(SNAPSHOT_EVERY + 1);
  const shown = async () => {
    const { verdict, nodes } = await client.status();
    const full = nodes.filter(({ status }) => status?.diskFull).map(({ nodeId }) => nodeId);
    return { verdict, full: [...new Set(full)] };
  };
  await expect.poll(shown).toEqual({ verdict: "degraded", full: [leader.id] });

  await cluster.plan(leader, {});
  await cluster.until((statuses) => areEqual(statuses) && statuses.every(({ diskFull }) => !diskFull));
  await expectAllWritten();
});

test("with every disk full nothing is acknowledged, and afterwards everything that was is there", async () => {
  for (const node of cluster.nodes) await cluster.plan(node, { full: true });
  // Enough for a snapshot to be due; whether each is still acknowledged is the nodes' choice.
  const areFull = async () => {
    await Promise.allSettled(numbers(2 * SNAPSHOT_EVERY).map((number) => submit(number, 2_000)));
    return (await cluster.statuses()).every((status) => status?.diskFull);
  };
  await expect.poll(areFull).toBe(true);
  let acknowledged = 0;
  const attempt = () =>
    submit(0, 2_000)
      .then(() => (acknowledged += 1))
      .catch((error: unknown) => error);
  // An attempt at a node that hands leadership over meanwhile may end without an answer, so the first may say less.
  await expect.poll(attempt).toMatchObject({
    code: "UNAVAILABLE",
    parts: { why: expect.stringContaining("disk is full") },
  });
  expect(acknowledged).toBe(0);

  for (const node of cluster.nodes) await cluster.plan(node, {});
  await cluster.until((statuses) => areEqual(statuses) && statuses.every(({ diskFull }) => !diskFull));
  await write(5);
  await expectAllWritten();
});

test("a failing sync ends the node, the others go on, and started again it catches up", async () => {
  const leader = await cluster.leader();
  await cluster.plan(leader, { failingSync: true });
  await write(5);
  expect(await cluster.ended(leader)).toBe(1);
  await cluster.plan(leader, {});
  await cluster.start(leader);
  await cluster.until(areEqual);
  await expectAllWritten();
});

let fleet: TestFleet | null = null;
afterEach(() => fleet?.dispose());

test.skipIf(lacks("/dev/full", existsSync("/dev/full")))(
  "a log file that can't be written to does not end the node",
  async () => {
    fleet = await TestFleet.init("--nodes", "1");
    const { log } = processFiles(fleet.directory, "n1");
    await fleet.kill("n1");
    await rm(log);
    await symlink("/dev/full", log);
    expect(await fleet.run("up")).toMatchObject({ exit: 0 });
    expect(await fleet.run("status")).toMatchObject({ exit: 0 });
  },
);

function submit(number: number, deadlineMs: number): Promise<unknown> {
  const operation = { kind: { $case: "recordProbe", value: { drillId: "f", number } } } as const;
  return client.submit(operation, { deadlineMs });
}

/** The next `count` numbers, of which none was written. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => 1_000_000 + at);
}

async function write(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await submit(++written, 30_000);
}

async function expectAllWritten(): Promise<void> {
  const { probes } = await client.listProbes("f");
  const applications = new Map(probes.map((probe) => [probe.number, probe.applications]));
  for (let number = 1; number <= written; number += 1) expect(applications.get(number)).toBe(1);
}
