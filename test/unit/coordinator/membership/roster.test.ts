import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { PeerGate } from "../../../../src/core/coordinator/membership/peer-gate.ts";
import { knownReplicas, Roster } from "../../../../src/core/coordinator/membership/roster.ts";
import { MEMBERS_MAX } from "../../../../src/core/fleet/limits.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { Peer } from "../../../../src/core/transport/transport.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { startMember } from "../group.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;
const SELF = nodeId(1);

const row = (id: number, wanted: MemberKind = VOTER) => ({
  ...{ nodeId: id, name: `n${id}`, address: `table:${id}`, wanted, version: 1, sinceMs: 0 },
});
const told = (id: number) => ({
  nodeId: id,
  name: `n${id}`,
  address: "10.9.9.9:9",
  removed: false,
  version: 9,
});
const given = (id: number) => ({ id: nodeId(id), name: `n${id}`, address: `given:${id}` });

test.each([
  {
    rows: [],
    line: [given(1), given(2)],
    is: ["given:1", "given:2"],
    why: "a node that has nothing yet knows what its command line named",
  },
  {
    rows: [row(1), row(2), row(3, LEARNER)],
    line: [given(1), given(2)],
    is: ["given:1", "given:2", "table:3"],
    why: "the table adds members; an address that the operator gave counts more",
  },
  {
    rows: [row(1), row(2, REMOVED)],
    line: [given(1), given(2)],
    is: ["given:1"],
    why: "a removed member is one no more, whatever the command line says",
  },
  {
    rows: [row(1), row(2)],
    line: [given(1), given(4)],
    is: ["given:1", "table:2", "given:4"],
    why: "an old table may not have those yet from whom it would learn of them",
  },
  {
    rows: [row(1, REMOVED), row(2)],
    line: [given(1)],
    is: ["given:1", "table:2"],
    why: "a removed process still knows itself",
  },
])("$why", ({ rows, line, is }) => {
  expect(knownReplicas(rows, line, SELF).map(({ address }) => address)).toEqual(is);
});

function rosterOf(rows: readonly ReturnType<typeof row>[], named: () => readonly Peer[] = () => []) {
  const connected: string[] = [];
  const state = new FleetState();
  for (const each of rows) state.tables.members.put(each);
  const onFatal = (error: unknown) => {
    throw error;
  };
  const world = { send: () => undefined, now: () => 0, snapshotEvery: 100, onFatal };
  const { driver } = startMember(SELF, new MemoryStorage(), world);
  const roster = new Roster({
    self: SELF,
    given: [given(1), given(2)],
    view: () => state,
    raft: driver,
    isInGroup: () => false,
    named,
    connect: (peers) => connected.push(peers.map(({ id }) => id).join()),
    bootstrap: () => Promise.resolve(),
    onRemoved: () => undefined,
  });
  return { roster, connected, state, driver };
}

// Found by the simulator (seed 204). A replica was away while a member was added, and that member then led it: it
// could answer that member nowhere. With one more voter gone the fleet stood still though a quorum was up (etcd:
// AddRemote).
test("a member that is not in this replica's old table is known once it has opened a stream", () => {
  const { roster, connected } = rosterOf([row(1), row(2), row(4, REMOVED)]);
  roster.look();
  roster.introduce(given(3));
  roster.look();
  roster.introduce(given(3));
  roster.introduce(given(4));
  roster.look();
  expect(connected).toEqual(["2", "2,3"]);
  expect(roster.known().map(({ id }) => Number(id))).toEqual([1, 2, 3]);
});

test("whom a peer names is connected for as long as it does so", () => {
  let named: readonly Peer[] = [given(5)];
  const { roster, connected } = rosterOf([row(1), row(2)], () => named);
  roster.look();
  roster.look();
  named = [{ ...given(5), address: "named:5" }];
  roster.introduce(given(5));
  roster.look();
  expect(roster.known().at(-1)?.address).toBe("given:5");
  named = [given(6)];
  roster.look();
  expect(connected).toEqual(["2,5", "2,5", "2,5,6"]);
});

// One stolen key of a replica is enough to send such frames.
test("a member that names others in each frame leaves no more peers than a fleet may have", () => {
  const { roster, connected, state, driver } = rosterOf([row(1), row(2)], () => gate.named());
  const gate = new PeerGate({
    ...{ self: SELF, given: [given(1), given(2)], view: () => state },
    config: () => driver.status().config,
    isInGroup: () => false,
    isAmnesiac: () => false,
    hears: () => true,
  });
  for (let frame = 0; frame < 1_000; frame += 1) {
    const first = 10 + frame * 1_000;
    gate.learn(
      Array.from({ length: 1_000 }, (_, at) => told(first + at)),
      nodeId(2),
    );
    if (frame % 100 === 0) roster.look();
  }
  roster.look();
  expect(roster.known()).toHaveLength(MEMBERS_MAX);
  for (const peers of connected) expect(peers.split(",")).toHaveLength(MEMBERS_MAX - 1);
  gate.learn([], nodeId(2));
  roster.look();
  expect(connected.at(-1)).toBe("2");
});

test("replicas that introduce themselves are no more than a fleet may have", () => {
  const { roster } = rosterOf([row(1), row(2)]);
  for (let id = 3; id < 3_000; id += 1) roster.introduce(given(id));
  expect(roster.known()).toHaveLength(MEMBERS_MAX);
});
