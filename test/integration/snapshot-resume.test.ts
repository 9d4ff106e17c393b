// A killed follower comes back when the log does not reach far enough any more, over a wire that breaks. The snapshot
// is resumed where it was, and the leader's log waits for it.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { areEqual, type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { moveDomains, registerShard } from "./fleet-writes.ts";

const BATCHES = 8;
const BATCH_ROWS = 500;
// The snapshot of these rows is above a megabyte.
const BYTES_PER_SECOND = 100_000;
const ENOUGH_BYTES = 150_000;

let cluster: CoordinatorCluster;
let client: FleetClient;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({
    size: 3,
    snapshotEvery: 200,
    snapshotSendRate: BYTES_PER_SECOND,
  });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

test("a killed follower resumes its snapshot after the wire broke, and catches up", async () => {
  await client.submit(registerShard("s1"));
  const first = await cluster.leader();
  const late = present(
    cluster.nodes.find((node) => node !== first),
    "there are followers",
  );
  const others = cluster.nodes.filter((node) => node !== late);
  const [lateStatus] = await cluster.until(() => true, [late]);
  await cluster.kill(late);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const zones = Array.from({ length: BATCH_ROWS }, (_, row) => `zone-${batch}-${row}-${"x".repeat(40)}`);
    await client.submit(moveDomains(zones, "s1"));
  }
  for (let written = 0; written < 1_500; written += 100) {
    const writes = Array.from({ length: 100 }, (_, at) => registerShard(`w${written + at}`));
    await Promise.all(writes.map((write) => client.submit(write)));
  }
  const lateIndex = present(lateStatus, "the follower answered").lastIndex;
  await cluster.until((statuses) => statuses.every(({ firstIndex }) => firstIndex > lateIndex + 1), others);
  const leader = await cluster.leader(others);
  await cluster.start(late);
  await expect.poll(() => spooled(late), { interval: 50 }).toBeGreaterThan(ENOUGH_BYTES);
  await expect.poll(() => transferTo(late, leader)).toBeGreaterThanOrEqual(BYTES_PER_SECOND / 2);
  for (const wire of cluster.wires(late)) wire.cut();
  const here = await spooled(late);
  await cluster.kill(late);
  for (const wire of cluster.wires(late)) wire.heal();
  await cluster.start(late);
  // It begins with what is there, or is done already; never from the start.
  const seen: number[] = [];
  await expect.poll(async () => seen.push(await spooled(late)) && seen.at(-1), { interval: 20 }).toBe(0);
  expect(Math.min(...seen.filter((bytes) => bytes > 0))).toBeGreaterThanOrEqual(here);
  await cluster.until(areEqual);
});

/** Bytes of a snapshot that have arrived, as the leader's status says; 0 = none is on its way. */
async function transferTo(node: ClusterNode, leader: ClusterNode): Promise<number> {
  const limits = { endMs: performance.now() + 10_000 };
  const { followers, heldLog } = await unary(
    leader.client.getStatus.bind(leader.client),
    { hashAtIndex: 0 },
    limits,
  );
  expect(heldLog?.bytesMax).toBeGreaterThan(0);
  return followers.find(({ nodeId }) => nodeId === node.id)?.snapshot?.arrivedBytes ?? 0;
}

/** Bytes of snapshots on their way in. */
async function spooled(node: ClusterNode): Promise<number> {
  const folder = join(node.data, "snap");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".spool"));
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => null)));
  return sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
}
