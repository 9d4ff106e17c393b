// Which domains with idle machines go to shards that run short.

import { expect, test } from "vitest";
import type { FleetSeen } from "../../../src/core/rebind/advice.ts";
import { adviseRebalance } from "../../../src/core/rebind/rebalance.ts";
import { DomainMachines } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { advised, bound, domain, LIMITS, lacks, NOW, type ShardSketch, seen, shard } from "./fleet-sketch.ts";

const machinesOf = (key: string, value: string, listed: number, free: number, change: object = {}) =>
  DomainMachines.fromPartial({ key, value, machinesListed: listed, machinesFree: free, ...change });
/** Lists rack r1 of so many machines, and has none of them. */
const short = (listed = 10, change: object = {}) =>
  shard("s1", { domains: [machinesOf("rack", "r1", listed, 0, change)] });
const donor = (free = 10, sketch: ShardSketch = {}) =>
  shard("s2", { free, domains: [machinesOf("rack", "r1", 10, free)], ...sketch });
const rack = { requirements: { rack: "r1" } };
const r1 = domain("rack", "r1", "s2");
const clusters = [bound("c1", "s1"), bound("c2", "s1")];
/** Bound so lately that they stay: what is said of domains is all that there is to say. */
const settled = ["c1", "c2"].map((each) => bound(each, "s1", { sinceMs: NOW }));
const fleet = (change: Partial<FleetSeen> = {}) =>
  seen({ shards: [short(), donor()], clusters, domains: [r1], ...change });

test("machines that nobody uses come with their domain, before any cluster goes", () => {
  const shortfalls = [lacks("s1", "c1", 4, rack), lacks("s1", "c2", 5)];
  expect(advised(fleet({ shortfalls }))).toEqual({ moves: ["rack=r1: s2>s1"], refused: [] });
  expect(adviseRebalance(fleet({ shortfalls }), LIMITS).domains[0]).toMatchObject({
    version: 7,
    why: "s1 lacks 9 machines for c1, c2 (rack=r1, priority 5, for 10 cycles); rack=r1 has 10, which are idle at s2",
  });
});

test("what its machines are not enough for is not counted as answered", () => {
  const shortfalls = [lacks("s1", "c1", 8, { priority: 9 }), lacks("s1", "c2", 5)];
  const { moves, refused } = advised(fleet({ shortfalls }));
  expect(moves).toEqual(["rack=r1: s2>s1"]);
  expect(refused).toEqual([expect.stringContaining("c2: rack=r1: its move is proposed already")]);
});

test("the smallest that is enough goes", () => {
  const rows = [
    machinesOf("rack", "r1", 10, 10),
    machinesOf("rack", "r2", 5, 5),
    machinesOf("rack", "r3", 3, 3),
  ];
  const shards = [
    shard("s1", { domains: rows.map((row) => ({ ...row, machinesFree: 0 })) }),
    shard("s2", { free: 18, domains: rows }),
  ];
  const domains = [r1, domain("rack", "r2", "s2"), domain("rack", "r3", "s2")];
  expect(advised(fleet({ shards, domains })).moves).toEqual(["rack=r2: s2>s1"]);
});

test("room that goes with a domain is not there for a cluster", () => {
  const shortfalls = [lacks("s1", "c1", 4, { ...rack, priority: 9 }), lacks("s3", "c3", 3)];
  const shards = [short(), donor(10, { free: 12 }), shard("s3")];
  const { moves, refused } = advised(
    fleet({ shards, shortfalls, clusters: [...clusters, bound("c3", "s3")] }),
  );
  expect(moves).toEqual(["rack=r1: s2>s1"]);
  expect(refused).toEqual([expect.stringContaining("s2 has 2 machines free where 3")]);
});

test("room that was promised to a cluster does not go with a domain", () => {
  const shortfalls = [lacks("s3", "c3", 3, { priority: 9 }), lacks("s1", "c1", 4, rack)];
  const fullFleet = fleet({
    shards: [short(), donor(), shard("s3")],
    shortfalls,
    clusters: [...settled, bound("c3", "s3")],
  });
  const { moves, refused } = advised(fullFleet);
  expect(moves).toEqual(["c3: s3>s2"]);
  expect(refused).toEqual([expect.stringContaining("the room of shard s2 is reserved")]);
});

test.each<{ change: Partial<FleetSeen>; says: string; why: string }>([
  {
    change: { shards: [short(), donor(9)] },
    says: "1 of its 10 machines are in use at shard s2",
    why: "nobody loses machines",
  },
  {
    change: { domains: [domain("rack", "r1", "s2", { confirmedAtMs: 0 })] },
    says: "shard s2 has not confirmed it yet",
    why: "its last move is under way",
  },
  {
    change: { domains: [domain("rack", "r1", "s2", { confirmedAtMs: NOW - 10_000 })] },
    says: "it moved to its shard 10 s ago, and stays there for 80 s",
    why: "it cools down",
  },
  {
    change: { shards: [short(), donor(10, { liveness: ShardLiveness.SUSPECT })] },
    says: "s2 is not known to be alive",
    why: "a silent shard may use them",
  },
  {
    change: { shards: [short(), donor(10, { region: "us" })] },
    says: "s2 is in another region",
    why: "machines do not travel",
  },
  {
    change: { shortfalls: [lacks("s1", "c1", 4, rack), lacks("s2", "c9", 1, rack)] },
    says: "s2 lacks such machines itself, for c9",
    why: "the need would only change its place",
  },
  {
    change: { shards: [short(), shard("s2", { free: 10 })] },
    says: "s2 does not report its machines",
    why: "whether they are in use is not known",
  },
])("$says: $why", ({ change, says }) => {
  const shortfalls = [lacks("s1", "c1", 4, rack)];
  const { moves, refused } = advised(fleet({ shortfalls, clusters: settled, ...change }));
  expect(moves).toEqual([]);
  expect(refused).toContainEqual(expect.stringContaining(says));
});

test.each<{ change: Partial<FleetSeen>; why: string }>([
  { change: { shards: [short(3), donor()] }, why: "too few" },
  { change: { shards: [shard("s1"), donor()] }, why: "the short shard does not list its machines" },
  { change: { domains: [] }, why: "nobody has it" },
  {
    change: { shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r2" } })] },
    why: "they are of another rack",
  },
  {
    change: { shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r1", region: "us" } })] },
    why: "they would be in the short shard's region, and that is not asked for",
  },
  {
    change: { shortfalls: [lacks("s1", "c1", 4, { ...rack, sameDomain: true })] },
    why: "Same-constrained demand is left alone",
  },
])("a domain does not help: $why", ({ change }) => {
  const shortfalls = [lacks("s1", "c1", 4, rack)];
  expect(advised(fleet({ shortfalls, clusters: settled, ...change })).moves).toEqual([]);
});

test("a domain that only has to cool down is waited for: no cluster goes instead", () => {
  const shortfalls = [lacks("s1", "c1", 4, rack)];
  const cooling = fleet({
    shortfalls,
    domains: [domain("rack", "r1", "s2", { confirmedAtMs: NOW - 79_000 })],
  });
  expect(advised(cooling)).toEqual({
    moves: [],
    refused: ["c1: rack=r1: it moved to its shard 79 s ago, and stays there for 80 s"],
  });
  const inUse = fleet({ shortfalls, shards: [short(), donor(9)] });
  expect(advised(inUse).moves).toEqual(["c1: s1>s2"]);
});

test("a domain that came lately does not go back", () => {
  const back = fleet({
    shards: [shard("s1", { domains: [machinesOf("rack", "r1", 10, 10)] }), donor(0)],
    shortfalls: [lacks("s2", "c3", 4, rack)],
    clusters: [bound("c3", "s2")],
    domains: [domain("rack", "r1", "s1", { confirmedAtMs: NOW - 79_999 })],
  });
  expect(advised(back).moves).toEqual([]);
});
