// What a host does for all of its groups. It spreads their leadership, lets idle ones stand still, and wakes them for
// every reason that there is. Time is virtual.

import { afterEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { type GroupId, groupId } from "../../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { HostCluster, type HostedNode } from "../host-cluster.ts";

const GROUPS = 12;
let cluster: HostCluster;
afterEach(() => cluster.close());

async function atRest(groups = GROUPS, seed = 1): Promise<HostCluster> {
  cluster = new HostCluster(groups, seed);
  await cluster.until(() => cluster.isAtRest);
  return cluster;
}

const led = (node: HostedNode): number => node.host.counts().led;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0);

function propose(node: HostedNode, group: GroupId, text: string, deadlineMs = 10_000) {
  const driver = present(node.drivers.get(group), "every node hosts every group");
  return driver.propose(new TextEncoder().encode(text), cluster.nowMs + deadlineMs);
}

/** The proposal's end, for which virtual time must pass. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  void promise.finally(() => {
    isSettled = true;
  });
  await cluster.until(() => isSettled);
  return promise;
}

const tallies = (group: GroupId) => cluster.nodes.map(({ machines }) => machines.get(group)?.tally.digest);
const areEqual = () => cluster.groups.every((group) => new Set(tallies(group)).size === 1);

test("leadership of many groups is spread evenly from the start", async () => {
  await atRest();
  expect(cluster.nodes.map(led)).toEqual([GROUPS / 3, GROUPS / 3, GROUPS / 3]);
});

test("quiescent groups send nothing at all, however long", async () => {
  await atRest();
  const before = cluster.nodes.map(({ sent }) => sent.messages);
  await cluster.run(20_000);
  expect(cluster.nodes.map(({ sent }) => sent.messages)).toEqual(before);
  expect(cluster.isAtRest).toBe(true);
});

test("a write wakes the group everywhere and no other; then it is quiescent again", async () => {
  await atRest();
  const group = groupId(5);
  const leader = present(cluster.leaderOf(group), "it has a leader");
  expect(await settled(propose(leader, group, "x"))).toMatchObject({ ok: true, result: { entries: 1 } });
  expect(leader.host.counts().quiescent).toBe(GROUPS - 1);
  await cluster.until(() => cluster.isAtRest && areEqual());
});

test("a quiescent leader that is cut off confirms no read, although nobody has replaced it yet", async () => {
  await atRest();
  const group = groupId(5);
  const leader = present(cluster.leaderOf(group), "it has a leader");
  cluster.network.isolate(leader.id);
  const driver = present(leader.drivers.get(group), "hosted");
  const read = driver.readIndex(cluster.nowMs + 400);
  expect(leader.host.isQuiescent(group)).toBe(false);
  expect(await settled(read)).toMatchObject({ ok: false });
});

test("a follower's read wakes the leader and sees what was written", async () => {
  await atRest();
  const group = groupId(5);
  const leader = present(cluster.leaderOf(group), "it has a leader");
  const written = await settled(propose(leader, group, "x"));
  await cluster.until(() => cluster.isAtRest);
  const follower = present(
    cluster.nodes.find((node) => node !== leader),
    "there are three",
  );
  const read = await settled(present(follower.drivers.get(group), "hosted").readIndex(cluster.nowMs + 5_000));
  expect(read.ok && written.ok && read.index >= written.index).toBe(true);
});

test("the process of a leader of quiescent groups ends: they have others within a second", async () => {
  await atRest();
  const [victim, ...survivors] = cluster.nodes;
  present(victim, "there are three").host.stop();
  await present(victim, "there are three").transport.close();
  await cluster.until(() => sum(survivors.map(led)) === GROUPS, 1_000);
  const counts = survivors.map(led);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(GROUPS / 3);
});

test("it hangs instead, and no stream closes: the same, once its beats are missed", async () => {
  await atRest();
  const [victim, ...survivors] = cluster.nodes;
  cluster.network.isolate(present(victim, "there are three").id);
  await cluster.until(() => sum(survivors.map(led)) === GROUPS, 2_500);
  // It finds out by itself, as its quorum does not answer.
  await cluster.until(() => led(present(victim, "there are three")) === 0, 10_000);
  cluster.network.heal();
  await cluster.until(() => cluster.isAtRest);
  expect(sum(cluster.nodes.map(led))).toBe(GROUPS);
});

test("with one node gone the groups of the others are quiescent all the same, and wake when it is back", async () => {
  await atRest();
  const [victim, ...survivors] = cluster.nodes;
  const gone = present(victim, "there are three");
  cluster.network.isolate(gone.id);
  const areQuiescent = () => survivors.every(({ host }) => host.counts().quiescent === GROUPS);
  await cluster.until(() => sum(survivors.map(led)) === GROUPS && areQuiescent());
  for (const group of cluster.groups) {
    const leader = present(cluster.leaderOf(group), "the survivors lead");
    expect(await settled(propose(leader, group, "x"))).toMatchObject({ ok: true });
  }
  await cluster.until(areQuiescent);
  cluster.network.heal();
  await cluster.until(() => cluster.isAtRest && areEqual());
  expect([...gone.machines.values()].map(({ tally }) => tally.entries)).toEqual(Array(GROUPS).fill(1));
});

test.each([1, 2, 3, 4, 5, 6])(
  "cut, healed and written to at random, seed %i: nothing acknowledged is lost",
  async (seed) => {
    const random = new SeededPrng(seed);
    await atRest(6, seed);
    const acknowledged = new Map<GroupId, number>();
    const waiting: Promise<unknown>[] = [];
    for (let round = 0; round < 60; round += 1) {
      const dice = random.below(10);
      if (dice === 0) cluster.network.isolate(present(cluster.nodes[random.below(3)], "a node").id);
      if (dice === 1) cluster.network.heal();
      if (dice >= 4) {
        const group = present(cluster.groups[random.below(6)], "a group");
        // Any that thinks it leads, also one that does not any more.
        const claims = cluster.nodes.filter(({ drivers }) => drivers.get(group)?.role === "leader");
        const leader = claims[random.below(Math.max(claims.length, 1))];
        const write = leader && propose(leader, group, `${round}`, 1_000);
        const note = write?.then((result) => {
          if (result.ok) acknowledged.set(group, (acknowledged.get(group) ?? 0) + 1);
        });
        if (note !== undefined) waiting.push(note);
      }
      await cluster.run(random.below(900));
    }
    cluster.network.heal();
    await settled(Promise.all(waiting));
    await cluster.until(() => cluster.isAtRest && areEqual());
    for (const [group, count] of acknowledged) {
      expect(cluster.nodes[0]?.machines.get(group)?.tally.entries).toBeGreaterThanOrEqual(count);
    }
    expect(sum([...acknowledged.values()])).toBeGreaterThan(5);
  },
);
