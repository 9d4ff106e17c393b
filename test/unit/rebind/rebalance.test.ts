import { describe, expect, test } from "vitest";
import type { FleetSeen } from "../../../src/core/rebind/advice.ts";
import { ShardState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { advised, bound, domain, lacks, NOW, poor, rich, seen, shard } from "./fleet-sketch.ts";

describe("where a cluster goes", () => {
  const here = lacks("s1", "c1", 4, { requirements: { "instance-type": "large", zone: "a" } });
  const fits = { types: { large: 9 }, zones: { a: 9 } };
  test.each<{ shards: ShardView[]; to: string; why: string }>([
    { shards: [shard("s2", { free: 9, ...fits })], to: "s2", why: "there is room of the type in the zone" },
    {
      shards: [shard("s2", { free: 9, ...fits }), shard("s3", { free: 30, ...fits })],
      to: "s3",
      why: "most room is left there",
    },
    {
      shards: [shard("s2", { free: 9, ...fits }), shard("s3", { free: 30, region: "us", ...fits })],
      to: "s2",
      why: "its region goes before room",
    },
    {
      shards: [shard("s2", { free: 9, ...fits }), shard("s3", { free: 9, ...fits })],
      to: "s2",
      why: "names decide between equals",
    },
    {
      shards: [
        shard("s2", { free: 99, types: { large: 3 }, zones: { a: 9 } }),
        shard("s3", { free: 9, ...fits }),
      ],
      to: "s3",
      why: "other types do not count",
    },
    {
      shards: [shard("s2", { free: 99, types: { large: 9 } }), shard("s3", { free: 9, ...fits })],
      to: "s3",
      why: "other zones do not count",
    },
    {
      shards: [
        shard("s2", { free: 99, ...fits, state: ShardState.DRAINING }),
        shard("s3", { free: 9, ...fits }),
      ],
      to: "s3",
      why: "a draining shard takes nothing",
    },
    {
      shards: [
        shard("s2", { free: 99, ...fits, liveness: ShardLiveness.SUSPECT }),
        shard("s3", { free: 9, ...fits }),
      ],
      to: "s3",
      why: "a silent shard may be dead",
    },
    {
      shards: [
        shard("s2", { free: 99, ...fits, liveness: ShardLiveness.UNKNOWN }),
        shard("s3", { free: 9, ...fits }),
      ],
      to: "s3",
      why: "nothing is known of it",
    },
  ])("$to: $why", ({ shards, to }) => {
    const fleet = seen({ shards: [poor, ...shards], shortfalls: [here] });
    expect(advised(fleet)).toEqual({ moves: [`c1: s1>${to}`], refused: [] });
  });
});

describe("what stays", () => {
  test.each<{ fleet: Partial<FleetSeen>; says: string; why: string }>([
    { fleet: { shards: [poor] }, says: "there is no other shard", why: "nowhere" },
    {
      fleet: { shards: [poor, shard("s2", { free: 3 })] },
      says: "s2 has 3 machines free where 4",
      why: "too little",
    },
    {
      fleet: { shards: [poor, shard("s2", { free: 9, state: ShardState.REMOVED })] },
      says: "s2 is drained or removed",
      why: "a removed shard",
    },
    {
      fleet: { shards: [shard("s1", { liveness: ShardLiveness.DEAD }), rich] },
      says: "s1 is not known to be alive",
      why: "a dead shard's shortfall is history",
    },
    {
      fleet: { shards: [shard("s1", { total: 20, clusters: 2 }), shard("s2", { free: 13 })] },
      says: "s2 has 9 machines free where 10",
      why: "a cluster takes what it has with it: a half of 20",
    },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { ageCycles: 2 })] },
      says: "lasted 2 cycles",
      why: "it is young",
    },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { sameDomain: true })] },
      says: "must be in one domain",
      why: "it is Same-constrained",
    },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { deficit: { cpu: 64 } })] },
      says: "not given in machines",
      why: "it cannot be compared",
    },
    {
      fleet: { clusters: [bound("c1", "s1", { sinceMs: NOW - 79_999 })] },
      says: "it moved to its shard 79 s ago, and stays there for 80 s",
      why: "it cools down",
    },
    {
      fleet: { clusters: [bound("c1", "s1", { migration: { migrationId: "m1", fromShard: "s3" } })] },
      says: "migration m1 is under way",
      why: "it moves already",
    },
    { fleet: { clusters: [bound("c1", "s2")] }, says: "its declared owner is shard s2", why: "it drifts" },
    { fleet: { clusters: [] }, says: "not bound", why: "nobody declared it" },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { requirements: { region: "us" } })] },
      says: "s2 is not in region us",
      why: "region",
    },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r1" } })] },
      says: "s2 does not report machines with rack=r1",
      why: "a label that nobody counts",
    },
    {
      fleet: {
        shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r1" } })],
        domains: [domain("rack", "r1", "s3")],
      },
      says: "s2 does not have domain rack=r1: shard s3 has it",
      why: "its domain is elsewhere",
    },
  ])("$says: $why", ({ fleet, says }) => {
    const { moves, refused } = advised(seen(fleet));
    expect(moves).toEqual([]);
    expect(refused).toEqual([expect.stringContaining(says)]);
  });

  test.each([
    { cycleMs: 1_000, agoMs: 8_000, moves: ["c1: s1>s2"], why: "eight of its shard's own cycles are over" },
    { cycleMs: 1_000, agoMs: 7_999, moves: [], why: "they are not quite" },
    { cycleMs: 0, agoMs: 79_999, moves: [], why: "a shard that does not say has the default's" },
  ])("a cooldown of cycles of $cycleMs ms after $agoMs ms: $why", ({ cycleMs, agoMs, moves }) => {
    const shards = [shard("s1", { cycleMs }), rich];
    const clusters = [bound("c1", "s1", { sinceMs: NOW - agoMs })];
    expect(advised(seen({ shards, clusters })).moves).toEqual(moves);
  });

  test("a cooldown that is over holds nothing back", () => {
    expect(advised(seen({ clusters: [bound("c1", "s1", { sinceMs: NOW - 80_000 })] })).moves).toEqual([
      "c1: s1>s2",
    ]);
  });
});

describe("many", () => {
  const shortfalls = [
    lacks("s1", "c1", 30, { priority: 1, ageCycles: 99 }),
    lacks("s1", "c2", 30, { priority: 9, ageCycles: 5 }),
    lacks("s1", "c3", 30, { priority: 9, ageCycles: 6 }),
  ];
  const clusters = [bound("c1", "s1"), bound("c2", "s1"), bound("c3", "s1")];

  test("priority goes first, then age, and room is given away once", () => {
    const { moves, refused } = advised(seen({ shortfalls, clusters }));
    expect(moves).toEqual(["c3: s1>s2"]);
    expect(refused.map((each) => each.slice(0, 2))).toEqual(["c2", "c1"]);
  });

  test("a plan has at most so many moves, and says whom it leaves out", () => {
    const fleet = seen({ shards: [poor, shard("s2", { free: 500 })], shortfalls, clusters });
    const { moves, refused } = advised(fleet, { maxMoves: 2 });
    expect(moves).toEqual(["c3: s1>s2", "c2: s1>s2"]);
    expect(refused).toEqual(["c1: the plan has its 2 moves already"]);
  });

  test("the order in which the fleet is listed changes nothing", () => {
    const fleet = seen({ shards: [poor, rich, shard("s3", { free: 50 })], shortfalls, clusters });
    const turned: FleetSeen = {
      shards: [...fleet.shards].reverse(),
      shortfalls: [...shortfalls].reverse(),
      clusters: [...clusters].reverse(),
      domains: [],
    };
    expect(advised(turned).moves).toEqual(advised(fleet).moves);
  });

  test("all that one cluster lacks goes with it in one move", () => {
    const twice = [lacks("s1", "c1", 20), lacks("s1", "c1", 31, { requirements: { region: "eu" } })];
    expect(advised(seen({ shortfalls: twice })).moves).toEqual([]);
    expect(advised(seen({ shards: [poor, shard("s2", { free: 51 })], shortfalls: twice }))).toEqual({
      moves: ["c1: s1>s2"],
      refused: [],
    });
  });
});
