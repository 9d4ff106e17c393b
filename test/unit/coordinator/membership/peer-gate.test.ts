// Who is heard (ADR-0023): by the row, the configuration, the command line, or the word of a member; and who is not.

import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { PeerGate } from "../../../../src/core/coordinator/membership/peer-gate.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import type { Peer } from "../../../../src/core/transport/transport.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { KnownMember } from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;
const SELF = 1;

const row = (id: number, wanted: MemberKind = VOTER, version = 1) => ({
  ...{ nodeId: id, name: `n${id}`, address: `h${id}:1`, wanted, version, sinceMs: 0 },
});
const told = (id: number, version = 1, parts: Partial<KnownMember> = {}): KnownMember => ({
  ...{ nodeId: id, name: `n${id}`, address: `h${id}:1`, removed: false, version },
  ...parts,
});
const given = (id: number): Peer => ({ id: nodeId(id), name: `n${id}`, address: `h${id}:1` });

interface Situation {
  readonly rows?: readonly ReturnType<typeof row>[];
  readonly line?: readonly number[];
  readonly voters?: readonly number[];
  readonly outgoing?: readonly number[];
  readonly amnesiac?: boolean;
  /** The members that a group beside the fleet's own has. */
  readonly inGroup?: readonly number[];
  readonly hears?: readonly number[];
}

function gateOf({
  rows = [],
  line = [SELF],
  voters = [],
  outgoing = [],
  amnesiac = false,
  inGroup = [],
  hears = [],
}: Situation) {
  const state = new FleetState();
  for (const each of rows) state.tables.members.put(each);
  const gate = new PeerGate({
    self: nodeId(SELF),
    given: line.map(given),
    view: () => state,
    config: () => ({
      ...{ voters: voters.map(nodeId), votersOutgoing: outgoing.map(nodeId) },
      ...{ learners: [], learnersNext: [], autoLeave: false },
    }),
    isInGroup: (member) => inGroup.includes(member),
    isAmnesiac: () => amnesiac,
    hears: (peer) => hears.includes(peer),
  });
  const introduced = () => gate.named().map(({ address }) => address);
  return { gate, introduced, state, members: state.tables.members };
}

const reasonOf = ({ gate }: Pick<ReturnType<typeof gateOf>, "gate">, id: number): string | null => {
  const refused = gate.refusal(nodeId(id));
  return refused && readRpcError(refused).reason;
};

test.each<{ when: Situation; id: number; is: string | null; why: string }>([
  { when: { rows: [row(1), row(2)] }, id: 2, is: null, why: "its row says voter" },
  { when: { rows: [row(1), row(2, LEARNER)] }, id: 2, is: null, why: "its row says learner" },
  { when: { rows: [row(1), row(2)] }, id: 99, is: "MEMBER_UNKNOWN", why: "it never was a member" },
  { when: { rows: [row(1), row(2, REMOVED)] }, id: 2, is: "MEMBER_REMOVED", why: "its row says removed" },
  {
    when: { rows: [row(1), row(2, REMOVED)], inGroup: [2] },
    id: 2,
    is: null,
    why: "it still votes in a group, which may need its vote to remove it",
  },
  {
    when: { rows: [row(1), row(2, REMOVED)], inGroup: [3] },
    id: 2,
    is: "MEMBER_REMOVED",
    why: "no group has it any more",
  },
  {
    when: { rows: [row(1), row(2, REMOVED)], line: [1, 2], voters: [1, 2], amnesiac: true },
    id: 2,
    is: "MEMBER_REMOVED",
    why: "no command line and no old configuration brings a removed member back",
  },
  {
    when: { line: [1, 2, 3] },
    id: 3,
    is: null,
    why: "a new fleet has no table yet, and its founders are named",
  },
  { when: { line: [1, 2, 3] }, id: 4, is: "MEMBER_UNKNOWN", why: "a new fleet has its founders only" },
  { when: { voters: [1, 2] }, id: 2, is: null, why: "the configuration came before the table" },
  { when: { voters: [1, 3], outgoing: [1, 2] }, id: 2, is: null, why: "it still votes" },
  {
    when: { amnesiac: true },
    id: 7,
    is: null,
    why: "a newcomer whose command line names nobody answers who finds it",
  },
  {
    when: { amnesiac: true, line: [1, 9] },
    id: 7,
    is: null,
    why: "nobody whom its command line names is there",
  },
  {
    when: { amnesiac: true, line: [1, 2], hears: [2] },
    id: 7,
    is: null,
    why: "whom its command line names has forgotten everything, too, and has no word to take (the simulator's seed 5782)",
  },
])("$id is heard with $is: $why", ({ when, id, is }) => expect(reasonOf(gateOf(when), id)).toBe(is));

test("a newcomer that hears a member it was told of takes that member's word for others", () => {
  const situation = gateOf({ amnesiac: true, line: [1, 2], hears: [2] });
  situation.gate.learn([told(1), told(2)], nodeId(2));
  expect(reasonOf(situation, 7)).toBe("MEMBER_UNKNOWN");
});

test("a member's word lets in whom an old table does not know, and says where it is", () => {
  const situation = gateOf({ rows: [row(1), row(2)] });
  situation.gate.learn([told(1), told(2), told(3, 9)], nodeId(2));
  expect(situation.introduced()).toEqual(["h3:1"]);
  expect(reasonOf(situation, 3)).toBeNull();
});

test("two members' word that another was removed counts, by the newer row", () => {
  const situation = gateOf({ rows: [row(1), row(2, VOTER, 5), row(3), row(4)], line: [1, 2] });
  for (const from of [3, 4]) situation.gate.learn([told(2, 4, { removed: true })], nodeId(from));
  expect(reasonOf(situation, 2)).toBeNull();
  for (const from of [3, 4]) situation.gate.learn([told(2, 6, { removed: true })], nodeId(from));
  expect(reasonOf(situation, 2)).toBe("MEMBER_REMOVED");
});

const MOST = 2 ** 53 - 1;

test.each([6, MOST])(
  "one member alone has no other refused, how often it says so (version %d)",
  (version) => {
    const situation = gateOf({ rows: [row(1), row(2, VOTER, 5), row(3)] });
    for (const at of [0, 1]) situation.gate.learn([told(2, version - at, { removed: true })], nodeId(3));
    expect(reasonOf(situation, 2)).toBeNull();
  },
);

test("what a removed member said of others counts no more", () => {
  const situation = gateOf({ rows: [row(1), row(2), row(3), row(4)] });
  for (const from of [3, 4]) situation.gate.learn([told(2, 6, { removed: true })], nodeId(from));
  situation.members.put(row(3, REMOVED, 7));
  expect(reasonOf(situation, 2)).toBeNull();
});

test("no member keeps a removed one in, nor itself", () => {
  const situation = gateOf({ rows: [row(1), row(2), row(3)] });
  for (const from of [2, 3]) situation.gate.learn([told(2, MOST), told(3, MOST)], nodeId(from));
  situation.members.put(row(2, REMOVED, 9));
  expect(reasonOf(situation, 2)).toBe("MEMBER_REMOVED");
});

test("what this replica has applied is in its own table: a member's word about it counts no more", () => {
  const { state, ...situation } = gateOf({ rows: [row(1), row(2), row(3)] });
  situation.gate.learn([told(4, 9)], nodeId(2));
  expect(reasonOf(situation, 4)).toBeNull();
  state.advanceTo(logIndex(9));
  expect(reasonOf(situation, 4)).toBe("MEMBER_UNKNOWN");
});

test("a member that names a thousand leaves room for what others name", () => {
  const situation = gateOf({ rows: [row(1), row(2), row(3)] });
  situation.gate.learn(
    Array.from({ length: 5_000 }, (_, at) => told(at + 10)),
    nodeId(2),
  );
  situation.gate.learn([told(9_999)], nodeId(3));
  expect(reasonOf(situation, 9_999)).toBeNull();
  expect(situation.introduced()).toHaveLength(1_000);
  expect(situation.introduced()).toContain("h9999:1");
});

test("the own table is believed once it knows as much", () => {
  const situation = gateOf({ rows: [row(1)] });
  situation.gate.learn([told(3, 9)], nodeId(2));
  situation.members.put(row(3, REMOVED, 12));
  expect(reasonOf(situation, 3)).toBe("MEMBER_REMOVED");
  situation.gate.learn([told(3, 9)], nodeId(2));
  expect(reasonOf(situation, 3)).toBe("MEMBER_REMOVED");
});

test.each([
  { parts: { name: "\u001b[2J" }, why: "no node has such a name" },
  { parts: { address: "nowhere" }, why: "that can't be dialed" },
  { parts: { address: `${"a".repeat(300)}:1` }, why: "no address is so long" },
  { parts: { nodeId: 0 }, why: "numbers begin at 1" },
  { parts: { nodeId: 2 ** 31 }, why: "no member has such a number" },
])("a row with $parts is not kept: $why", ({ parts }) => {
  const situation = gateOf({ rows: [row(1)] });
  situation.gate.learn([told(3, 9, parts)], nodeId(2));
  expect(situation.introduced()).toEqual([]);
  expect(reasonOf(situation, 3)).toBe("MEMBER_UNKNOWN");
});

test("no more rows are kept than a fleet may have members", () => {
  const situation = gateOf({ rows: [row(1)] });
  situation.gate.learn(
    Array.from({ length: 5_000 }, (_, at) => told(at + 2)),
    nodeId(2),
  );
  expect(situation.introduced()).toHaveLength(1_000);
});

test("whom a table named goes with the table", () => {
  const situation = gateOf({ rows: [row(1), row(2), row(4)] });
  situation.gate.learn([told(3, 9)], nodeId(2));
  situation.gate.learn([told(5, 9)], nodeId(4));
  situation.gate.learn([told(6, 9), told(5, 9), told(4, 12)], nodeId(2));
  expect(situation.introduced()).toEqual(["h6:1", "h5:1"]);
  situation.members.put(row(2, REMOVED, 10));
  expect(situation.introduced()).toEqual(["h5:1"]);
  situation.state.advanceTo(logIndex(10));
  expect(situation.introduced()).toEqual([]);
});

test("peers are told the same array until the table changes", () => {
  const { gate, members } = gateOf({ rows: [row(1), row(2)] });
  const before = gate.known();
  expect(gate.known()).toBe(before);
  expect(before).toMatchObject([
    { nodeId: 1, removed: false },
    { nodeId: 2, address: "h2:1" },
  ]);
  members.put(row(2, REMOVED, 7));
  expect(gate.known()).toMatchObject([{ nodeId: 1 }, { nodeId: 2, removed: true, version: 7 }]);
});
