// A rolling restart under writes. Each process that is asked to end first hands over what it leads, so that no timer
// has to run out. The profile's clocks are slow (an election takes 2.5 s at least), and the bound of a departure is 1
// s. A departure whose successor leads within that time has cost no election timeout.

import { afterEach, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { type ClusterNode, CoordinatorCluster, followOneLeader } from "./coordinator-cluster.ts";

const GROUPS = 3;
// A machine may be so busy that one departure does not come to its end in time. Then the others campaign, as they do
// when a process dies. That all of these would is no accident.
const RESTARTS = 4;

let cluster: CoordinatorCluster;
afterEach(() => cluster?.dispose());

test("leaders that are asked to end hand over first, and no acknowledged write is lost", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, groups: GROUPS, profile: "wan" });
  const writer = new SteadyWriter(cluster.client(), {
    drillId: "rolling",
    rate: 50,
    now: () => performance.now(),
    onEvent: () => undefined,
  });
  const departures: unknown[] = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    const leader = await cluster.leader();
    const others = cluster.nodes.filter((node) => node !== leader);
    await untilMore(writer);
    const { exit, log } = await cluster.terminate(leader);
    expect(exit, log).toBe(0);
    departures.push(departureIn(log));
    await cluster.until(followOneLeader, others);
    await untilMore(writer);
    await cluster.start(leader);
    await cluster.until((all) => followOneLeader(all) && all.every(knowsAllLeaders));
  }
  const writes = await writer.stop();
  const { probes } = await cluster.client().listProbes("rolling");
  expect(judgeWrites(writes, probes)).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
  expect(departures).toContainEqual({ areTaken: true });
});

test("all are asked to end at once: nobody waits for a successor that will not come", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, groups: GROUPS });
  await cluster.leader();
  const ends = await Promise.all(cluster.nodes.map((node: ClusterNode) => cluster.terminate(node)));
  expect(ends.map(({ exit }) => exit)).toEqual([0, 0, 0]);
});

/** Whether others took all that was led, by what the process said of it as it ended. */
function departureIn(log: string): { readonly areTaken: boolean } {
  const line = log.split("\n").find((text) => text.includes('"msg":"leaves leadership to others"'));
  expect(line, log).toBeDefined();
  const { led, taken } = JSON.parse(line ?? "{}");
  expect(led).toBeGreaterThan(0);
  return { areTaken: led === taken };
}

const knowsAllLeaders = ({ groups }: { readonly groups: { readonly leaderless: number } | undefined }) =>
  groups?.leaderless === 0;

async function untilMore(writer: SteadyWriter): Promise<void> {
  const before = writer.acknowledged;
  await expect.poll(() => writer.acknowledged).toBeGreaterThan(before + 1);
}
