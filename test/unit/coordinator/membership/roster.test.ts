import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { knownReplicas, Roster } from "../../../../src/core/coordinator/membership/roster.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { startMember } from "../group.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;
const SELF = nodeId(1);

const row = (id: number, wanted: MemberKind = VOTER) => ({
  ...{ nodeId: id, name: `n${id}`, address: `table:${id}`, wanted, version: 1, sinceMs: 0 },
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

// Found by the simulator (seed 204): a replica that was away while a member was added, and then led by that member,
// could answer it nowhere; with one more voter gone the fleet stood still though a quorum was up (etcd: AddRemote).
test("a member that is not in this replica's old table is known once it has opened a stream", () => {
  const connected: string[] = [];
  const members = new FleetState();
  for (const each of [row(1), row(2), row(4, REMOVED)]) members.tables.members.put(each);
  const onFatal = (error: unknown) => {
    throw error;
  };
  const world = { send: () => undefined, now: () => 0, snapshotEvery: 100, onFatal };
  const { driver } = startMember(SELF, new MemoryStorage(), world);
  const roster = new Roster({
    self: SELF,
    given: [given(1), given(2)],
    view: () => members,
    raft: () => driver.status(),
    isInGroup: () => false,
    connect: (peers) => connected.push(peers.map(({ id }) => id).join()),
    found: () => Promise.resolve(),
    onRemoved: () => undefined,
  });
  roster.look();
  roster.introduce(given(3));
  roster.look();
  roster.introduce(given(3));
  roster.introduce(given(4));
  roster.look();
  expect(connected).toEqual(["2", "2,3"]);
  expect(roster.known().map(({ id }) => Number(id))).toEqual([1, 2, 3]);
});
