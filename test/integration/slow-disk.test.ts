// A slow or hanging disk under real coordinators. The coordinators see it, and leadership leaves it and does not come
// back while it lasts. Between slow disks leadership stays where it is. The disk is slow by injection
// (fault-preload.ts).

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { LEADING_LOOKS, LOOK_EVERY_MS } from "../../src/core/coordinator/leadership/slow-disk.ts";
import { ReignEnd } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { verdictLines } from "../../src/ui/model/fleet-verdict.ts";
import { type ClusterNode, CoordinatorCluster, followOneLeader } from "./coordinator-cluster.ts";

// With the WAN profile a disk is slow from 1.25 s on: a busy machine's own disk does not come near.
const SLOW_MS = 2_000;
// A vote takes two syncs, one after the other: with slower disks no replica could be elected within a timeout.
const BARELY_SLOW_MS = 1_300;
const FOR_EVER_MS = 3_600_000;
// Time for three hand-overs, if there were any.
const WATCH_MS = 3 * LEADING_LOOKS * LOOK_EVERY_MS;

type Wanted = Parameters<CoordinatorCluster["until"]>[0];

let cluster: CoordinatorCluster;
let client: FleetClient;
let written = 0;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, faults: true, profile: "wan" });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

test("leadership leaves a slow disk, which is shown, and stays away while it is slow", async () => {
  const slow = await cluster.leader();
  await cluster.plan(slow, { syncMs: SLOW_MS });
  const isLeft: Wanted = (all) =>
    followsAnother(slow)(all) && all.some(({ nodeId, diskSlow }) => nodeId === slow.id && diskSlow);
  await writeUntil(() => cluster.until(isLeft));
  const fleet = await client.status();
  expect(fleet.verdict).toBe("degraded");
  // Each node is seen at the address of every wire that leads to it.
  const said = verdictLines(fleet).flatMap(
    ({ text }) => /^(\S+) \(.*\) has a slow disk/.exec(text)?.[1] ?? [],
  );
  expect(new Set(said)).toEqual(new Set([slow.name]));
  const own = fleet.nodes.find((node) => node.nodeId === slow.id)?.status;
  expect(own?.syncs?.p99Ms).toBeGreaterThanOrEqual(SLOW_MS * 0.7);

  await writeUntil(() => sleep(WATCH_MS));
  expect((await cluster.leader()).name).not.toBe(slow.name);
  await cluster.plan(slow, {});
  await writeUntil(() => cluster.until(noneIsSlow));
  await expectAllWritten();
});

test("a leader whose disk hangs for ever is left within seconds, though its heartbeats go on", async () => {
  const hung = await cluster.leader();
  await cluster.plan(hung, { syncMs: FOR_EVER_MS });
  const others = cluster.nodes.filter((node) => node !== hung);
  await writeUntil(() => cluster.until(followsAnother(hung), others));
  const isShown: Wanted = ([own]) => own?.diskSlow === true && (own.syncs?.underWayMs ?? 0) > SLOW_MS;
  await writeUntil(() => cluster.until(isShown, [hung]));
  await write();
  await cluster.plan(hung, {});
  await writeUntil(() => cluster.until(noneIsSlow));
  await expectAllWritten();
});

test("when every disk is slow nobody hands over: that would help nobody", async () => {
  for (const node of cluster.nodes) await cluster.plan(node, { syncMs: BARELY_SLOW_MS });
  await writeUntil(() => cluster.until((statuses) => statuses.every(({ diskSlow }) => diskSlow)));
  const [before] = await cluster.until(followOneLeader);
  await writeUntil(() => sleep(WATCH_MS));
  const after = await cluster.until(followOneLeader);
  // A starved machine may cost elections, but no leader has handed over since.
  const ends = after.flatMap(({ vitals }) =>
    (vitals?.reigns ?? []).filter(({ term }) => term >= (before?.term ?? 0)).map(({ ended }) => ended),
  );
  expect(ends.length).toBeGreaterThan(0);
  expect(ends).not.toContain(ReignEnd.HANDED_OVER);
  for (const node of cluster.nodes) await cluster.plan(node, {});
  await writeUntil(() => cluster.until(noneIsSlow));
  await expectAllWritten();
});

const noneIsSlow: Wanted = (statuses) =>
  followOneLeader(statuses) && statuses.every(({ diskSlow }) => !diskSlow);

function followsAnother(than: ClusterNode): Wanted {
  return (statuses) => followOneLeader(statuses) && statuses.every(({ leaderId }) => leaderId !== than.id);
}

/** Writes all the time until `event` has come: an idle disk says nothing of itself. */
async function writeUntil(event: () => Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = event().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await write();
    await sleep(20);
  }
  await over;
}

async function write(): Promise<void> {
  const operation = { kind: { $case: "recordProbe", value: { drillId: "s", number: written + 1 } } } as const;
  await client.submit(operation, { deadlineMs: 60_000 });
  written += 1;
}

async function expectAllWritten(): Promise<void> {
  const { probes } = await client.listProbes("s");
  expect(probes.map(({ applications }) => applications)).toEqual(Array(written).fill(1));
}
