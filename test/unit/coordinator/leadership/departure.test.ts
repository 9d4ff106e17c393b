// A process that is asked to end hands over what it leads, before any election timeout. Time is virtual.

import { expect, onTestFinished, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { FLEET_GROUP, type GroupId, groupId, type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import {
  DEPARTURE_MS_MAX,
  type Departure,
  handOverAll,
} from "../../../../src/core/coordinator/leadership/departure.ts";
import { HostCluster, type HostedNode } from "../host-cluster.ts";

const GROUPS = 12;
const ELECTION_MS_MIN = PROFILES.lan.tickMs * PROFILES.lan.electionTicks;
let cluster: HostCluster;

async function atRest(): Promise<[HostedNode, HostedNode, HostedNode]> {
  const made = new HostCluster(GROUPS);
  onTestFinished(() => made.close());
  cluster = made;
  await cluster.until(() => cluster.isAtRest);
  return cluster.nodes as [HostedNode, HostedNode, HostedNode];
}

const led = ({ host }: HostedNode): number => host.counts().led;

/** What becomes of its departure, and after how long. */
async function leave(
  node: HostedNode,
  answers?: (peer: NodeId) => boolean,
  isFit: (peer: NodeId) => boolean = () => true,
) {
  const startMs = cluster.nowMs;
  let departure: Departure | null = null;
  const world = {
    ...{ clock: { monotonicMs: () => cluster.nowMs }, sleep: cluster.sleep },
    hasRoom: () => true,
  };
  void handOverAll({ ...node, ...world, isFit, answers: answers ?? ((peer) => node.host.hears(peer)) }).then(
    (is) => {
      departure = is;
    },
  );
  await cluster.until(() => departure !== null);
  return { ...present(departure as Departure | null, "it has left"), tookMs: cluster.nowMs - startMs };
}

test("others lead all of its groups before an election timeout could pass, shared out among them", async () => {
  const [leaving, ...others] = await atRest();
  const departure = await leave(leaving);
  expect(departure).toMatchObject({ led: GROUPS / 3, taken: GROUPS / 3 });
  expect(departure.tookMs).toBeLessThan(ELECTION_MS_MIN);
  expect(others.map(led)).toEqual([GROUPS / 2, GROUPS / 2]);
  expect(leaving.host.counts().leaderless).toBe(0);
});

test("writes that wait while it leaves end soon, and what was acknowledged is there", async () => {
  const [leaving, other] = await atRest();
  const writes = leaving.host.led().map(({ group }) => {
    const driver = present(leaving.drivers.get(group), "it is hosted");
    return { group, result: driver.propose(new TextEncoder().encode("x"), cluster.nowMs + 60_000) };
  });
  await leave(leaving);
  for (const { group, result } of writes) {
    const { ok } = await result;
    await cluster.until(() => !ok || other.machines.get(group)?.tally.entries === 1, 1_000);
  }
});

test("it takes no leadership while it leaves, not even from who leaves as well", async () => {
  const [leaving, second, third] = await atRest();
  await leave(leaving);
  await leave(second);
  expect([leaving, second, third].map(led)).toEqual([0, 0, GROUPS]);
});

test("with nobody who answers it keeps what it leads, and does not wait", async () => {
  const [leaving] = await atRest();
  const { taken, tookMs } = await leave(leaving, () => false);
  expect(taken).toBe(0);
  expect(tookMs).toBeLessThan(ELECTION_MS_MIN / 10);
});

test("with others that hang it gives up in time", async () => {
  const [leaving, ...others] = await atRest();
  for (const { id } of others) cluster.network.isolate(id);
  const { taken, tookMs } = await leave(leaving, (peer) => peer !== leaving.id);
  expect(taken).toBe(0);
  expect(tookMs).toBeLessThan(DEPARTURE_MS_MAX + 100);
});

test("a successor that hangs is passed over for one that does not", async () => {
  const [leaving, second, third] = await atRest();
  cluster.network.isolate(second.id);
  const { taken } = await leave(leaving);
  expect(taken).toBe(GROUPS / 3);
  expect(led(third)).toBeGreaterThanOrEqual(GROUPS / 3);
});

const KEYS = groupId(1);
const [own, unable, fit] = [nodeId(1), nodeId(2), nodeId(3)];

test.each([
  { group: FLEET_GROUP, isFit: (peer: NodeId) => peer !== unable, why: "its state is wrong" },
  {
    group: KEYS,
    isFit: (peer: NodeId, group: GroupId) => peer !== unable || group !== KEYS,
    why: "its state of that group is wrong",
  },
  { group: KEYS, hasRoom: (peer: NodeId) => peer !== unable, why: "its disk is full" },
])("group $group is not handed to a replica, though it holds most of the log: $why", async (row) => {
  const { group, isFit = () => true, hasRoom = () => true } = row;
  const asked: NodeId[] = [];
  const progress = new Map([unable, fit].map((id) => [id, { match: 100 - id }]));
  const raft = { id: own, role: "leader", leader: own, leadTransferee: 0, progress };
  const config = { voters: [own, unable, fit] };
  const driver = { role: "leader", leader: own, status: () => ({ ...raft, config }) };
  const led = { group, driver: { ...driver, transferLeader: (to: NodeId) => asked.push(to) } };
  let nowMs = 0;
  await handOverAll({
    host: { leave: () => undefined, led: () => [led as never] },
    answers: () => true,
    ...{ isFit, hasRoom },
    clock: { monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += ms;
    },
  });
  expect(new Set(asked)).toEqual(new Set([fit]));
});
