// When a voter campaigns before its election timeout, after its process has started, and when it does not.

import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { FirstElections } from "../../../../src/core/coordinator/host/first-elections.ts";
import { Host } from "../../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import type { RaftStatus } from "../../../../src/core/raft/status.ts";
import type { TransportEvents } from "../../../../src/core/transport/transport.ts";

interface Setting {
  readonly group?: number;
  readonly voters?: readonly number[];
  readonly outgoing?: readonly number[];
  readonly leader?: number;
  readonly role?: RaftStatus["role"];
  readonly isReady?: boolean;
}

function starting(setting: Setting = {}) {
  const { group = FLEET_GROUP, voters = [1, 2, 3], outgoing = [] } = setting;
  const { leader = 0, role = "follower", isReady = true } = setting;
  const config = { voters: voters.map(nodeId), votersOutgoing: outgoing.map(nodeId) };
  const status = () => ({ config }) as unknown as RaftStatus;
  return {
    group: group === FLEET_GROUP ? FLEET_GROUP : groupId(group),
    driver: { leader: leader as NodeId, role, status },
    rules: { ticks: () => isReady, mayCampaign: () => isReady },
  };
}

function ranksOf(self: number, reached: readonly number[], setting?: Setting): readonly number[] {
  const elections = new FirstElections(nodeId(self));
  elections.add(starting(setting));
  return elections
    .due(
      (peer) => reached.includes(peer),
      () => true,
    )
    .map(({ rank }) => rank);
}

test.each([
  { self: 1, reached: [2, 3], ranks: [0], why: "the first voter of this group, at once" },
  { self: 2, reached: [1, 3], ranks: [1], why: "the second one, in case the first can't win" },
  { self: 3, reached: [1, 2], ranks: [2], why: "the third one" },
  { self: 3, reached: [2], ranks: [1], why: "the first one is down, so each moves up" },
  { self: 1, reached: [], ranks: [], why: "alone it can't win, so its own clock decides" },
  { self: 4, reached: [1, 2, 3], ranks: [], why: "it does not vote" },
  { self: 1, reached: [], setting: { voters: [1] }, ranks: [0], why: "a fleet of one waits for no peer" },
  {
    self: 1,
    reached: [2, 3],
    setting: { group: 1 },
    ranks: [2],
    why: "in another group another voter is first",
  },
  { self: 1, reached: [2, 3], setting: { leader: 2 }, ranks: [], why: "a leader lives" },
  { self: 1, reached: [2, 3], setting: { role: "candidate" }, ranks: [], why: "its clock was first" },
  { self: 1, reached: [2, 3], setting: { isReady: false }, ranks: [], why: "its state is not restored yet" },
  {
    ...{ self: 1, reached: [2], setting: { outgoing: [1, 4, 5] } },
    ...{ ranks: [], why: "old voters must agree too, and none of the others answers" },
  },
  {
    ...{ self: 1, reached: [2, 4], setting: { outgoing: [1, 4, 5] } },
    ...{ ranks: [0], why: "a quorum of old and new voters answers" },
  },
] as const)(
  "replica $self that reaches $reached campaigns as $ranks: $why",
  ({ self, reached, ranks, ...rest }) =>
    expect(ranksOf(self, reached, "setting" in rest ? rest.setting : {})).toEqual(ranks),
);

test("it campaigns once a start, and a leader that it has known ends the wait for good", () => {
  const elections = new FirstElections(nodeId(1));
  const group = starting();
  elections.add(group);
  const due = () =>
    elections.due(
      () => true,
      () => true,
    ).length;
  expect([due(), due()]).toEqual([1, 0]);
  const other = starting({ group: 1, leader: 2 });
  elections.add(other);
  expect(due()).toBe(0);
  other.driver.leader = nodeId(0);
  expect(due()).toBe(0);
});

/** A host of one voter of three, with the stream to each peer open; what it does is noted. */
function hosted() {
  const happened: string[] = [];
  const later: { ms: number; action: () => void }[] = [];
  let events: TransportEvents | null = null;
  let isConnected = true;
  const host = new Host({
    self: nodeId(1),
    profile: PROFILES.lan,
    timers: {
      every: () => () => undefined,
      after: (ms, action) => {
        later.push({ ms, action });
        return () => undefined;
      },
    },
    transport: {
      start: (given) => {
        events = given;
      },
      send: () => undefined,
      isConnected: () => isConnected,
      quiesce: () => undefined,
      beat: () => undefined,
      close: () => Promise.resolve(),
    },
  });
  const driver = {
    ...starting().driver,
    ...{ term: term(4), campaign: () => happened.push("campaign"), hasWaiting: false },
  };
  let isRestored = true;
  const rules = { mayQuiesce: false, ticks: () => isRestored, accepts: () => true, mayCampaign: () => true };
  host.add(FLEET_GROUP, driver as never, rules);
  host.start();
  return {
    ...{ happened, driver, host, later },
    heard: () => events?.heard(nodeId(2)),
    connected: () => events?.connected(nodeId(2)),
    setConnected: (to: boolean) => {
      isConnected = to;
    },
    setRestored: (to: boolean) => {
      isRestored = to;
    },
    run: () => {
      for (const { action } of later.splice(0)) action();
    },
  };
}

test("a peer that is heard and connected makes a quorum of three: the voter campaigns at once", () => {
  const { heard, later, run, happened } = hosted();
  heard();
  expect(later.map(({ ms }) => ms)).toEqual([0]);
  run();
  expect(happened).toEqual(["campaign"]);
});

test("its answers must arrive too: it waits until the stream to the peer is open", () => {
  const { heard, setConnected, connected, run, happened } = hosted();
  setConnected(false);
  heard();
  run();
  expect(happened).toEqual([]);
  setConnected(true);
  connected();
  run();
  expect(happened).toEqual(["campaign"]);
});

test("a group whose state is restored later campaigns then", () => {
  const { heard, setRestored, host, run, happened } = hosted();
  setRestored(false);
  heard();
  run();
  setRestored(true);
  host.ready();
  run();
  expect(happened).toEqual(["campaign"]);
});

test("another voter's campaign is not disturbed", () => {
  const { heard, driver, run, happened } = hosted();
  heard();
  driver.term = term(5);
  run();
  expect(happened).toEqual([]);
});

test("a process that leaves campaigns no more", () => {
  const { heard, host, run, happened } = hosted();
  heard();
  host.leave();
  run();
  expect(happened).toEqual([]);
});
