import { describe, expect, test } from "vitest";
import { adviseRebalance, type FleetSeen, type RebalanceLimits } from "../../../src/core/rebind/rebalance.ts";
import { Domain, ShardState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ClusterView, ShardView, Shortfall } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const NOW = 10_000_000;
const LONG_AGO = NOW - 3_600_000;
const LIMITS: RebalanceLimits = { minAgeCycles: 3, cooldownMs: 80_000, maxMoves: 20 };

interface ShardSketch {
  readonly region?: string;
  readonly state?: ShardState;
  readonly liveness?: ShardLiveness;
  readonly total?: number;
  readonly free?: number;
  readonly types?: Record<string, number>;
  readonly zones?: Record<string, number>;
  readonly clusters?: number;
}

function shard(shardId: string, sketch: ShardSketch = {}): ShardView {
  const { region = "eu", state = ShardState.ACTIVE, liveness = ShardLiveness.ALIVE, free = 0 } = sketch;
  return ShardView.fromPartial({
    ...{ shard: { shardId, address: `${shardId}:1`, region, state }, liveness },
    observed: {
      ...{ reportedAtMs: NOW - 1_000, ageMs: 1_000, boundClusters: sketch.clusters ?? 1 },
      summary: {
        ...{ machinesTotal: sketch.total ?? free, machinesFree: free },
        ...{ freeByInstanceType: sketch.types ?? {}, freeByZone: sketch.zones ?? {} },
      },
    },
  });
}

const lacks = (shardId: string, clusterId: string, machines: number, change: object = {}) => ({
  ...{ shardId, reportAgeMs: 1_000 },
  shortfall: Shortfall.fromPartial({
    clusterId,
    deficit: { machines },
    priority: 5,
    ageCycles: 10,
    ...change,
  }),
});

const bound = (clusterId: string, shardId: string, change: object = {}) =>
  ClusterView.fromPartial({
    clusterId,
    declared: { clusterId, shardId, version: 1, sinceMs: LONG_AGO, ...change },
  });

const domain = (key: string, value: string, shardId: string, change: object = {}) =>
  Domain.fromPartial({ key, value, shardId, version: 7, confirmedAtMs: LONG_AGO, ...change });

const poor = shard("s1");
const rich = shard("s2", { free: 50 });

function seen(change: Partial<FleetSeen> = {}): FleetSeen {
  return {
    shards: [poor, rich],
    shortfalls: [lacks("s1", "c1", 4)],
    clusters: [bound("c1", "s1")],
    domains: [],
    ...change,
  };
}

/** Moves as "c1: s1>s2", and who is refused for what. */
function advised(fleet: FleetSeen, limits: Partial<RebalanceLimits> = {}) {
  const { clusters, domains, refused } = adviseRebalance(fleet, { ...LIMITS, ...limits });
  return {
    moves: [
      ...domains.map(({ key, value, from, to }) => `${key}=${value}: ${from}>${to}`),
      ...clusters.map(({ cluster, from, to }) => `${cluster}: ${from}>${to}`),
    ],
    refused: refused.map(({ cluster, why }) => `${cluster}: ${why}`),
  };
}

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
      says: "not told in machines",
      why: "it cannot be compared",
    },
    {
      fleet: { clusters: [bound("c1", "s1", { sinceMs: NOW - 79_999 })] },
      says: "it got its shard 79 s ago, and stays for 80 s",
      why: "it cools down",
    },
    {
      fleet: { clusters: [bound("c1", "s1", { migration: { migrationId: "m1", fromShard: "s3" } })] },
      says: "migration m1 is under way",
      why: "it moves already",
    },
    { fleet: { clusters: [bound("c1", "s2")] }, says: "s2 is declared its owner", why: "it drifts" },
    { fleet: { clusters: [] }, says: "not bound", why: "nobody declared it" },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { requirements: { region: "us" } })] },
      says: "s2 is not in region us",
      why: "region",
    },
    {
      fleet: { shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r1" } })] },
      says: "s2 tells nothing of machines with rack=r1",
      why: "a label that nobody counts",
    },
    {
      fleet: {
        shortfalls: [lacks("s1", "c1", 4, { requirements: { rack: "r1" } })],
        domains: [domain("rack", "r1", "s3")],
      },
      says: "s2 lacks domain rack=r1, s3 has it",
      why: "its domain is elsewhere",
    },
  ])("$says: $why", ({ fleet, says }) => {
    const { moves, refused } = advised(seen(fleet));
    expect(moves).toEqual([]);
    expect(refused).toEqual([expect.stringContaining(says)]);
  });

  test("a cooldown that is over holds nothing back", () => {
    expect(advised(seen({ clusters: [bound("c1", "s1", { sinceMs: NOW - 80_000 })] })).moves).toEqual([
      "c1: s1>s2",
    ]);
  });
});

describe("domains", () => {
  const rack = { requirements: { rack: "r1" } };
  const byRack = [lacks("s1", "c1", 4, rack), lacks("s1", "c2", 5, rack)];
  const clusters = [bound("c1", "s1"), bound("c2", "s1")];

  test("the domain that demand names goes with all of it, and no cluster does", () => {
    const fleet = seen({ shortfalls: byRack, clusters, domains: [domain("rack", "r1", "s1")] });
    expect(advised(fleet)).toEqual({ moves: ["rack=r1: s1>s2"], refused: [] });
    const { domains } = adviseRebalance(fleet, LIMITS);
    expect(domains[0]).toMatchObject({
      version: 7,
      why: "s1 lacks 9 machines for c1, c2 (rack=r1, priority 5, for 10 cycles); s2 in the same region takes them and has 41 free after that",
    });
  });

  test("a demand that names two takes both along, with the demand of either", () => {
    const both = lacks("s1", "c1", 4, { requirements: { rack: "r1", row: "w1" } });
    const fleet = seen({
      shortfalls: [both, lacks("s1", "c2", 5, rack)],
      clusters,
      domains: [domain("rack", "r1", "s1"), domain("row", "w1", "s1")],
    });
    expect(advised(fleet)).toEqual({ moves: ["rack=r1: s1>s2", "row=w1: s1>s2"], refused: [] });
    expect(advised(fleet, { maxMoves: 1 }).moves).toEqual([]);
    expect(advised({ ...fleet, shards: [poor, shard("s2", { free: 8 })] }).moves).toEqual([]);
  });

  test.each([
    { change: { confirmedAtMs: 0 }, says: "s1 has not confirmed rack=r1", why: "its last move is under way" },
    { change: { confirmedAtMs: NOW - 10_000 }, says: "it got its shard 10 s ago", why: "it cools down" },
  ])("$says: $why", ({ change, says }) => {
    const fleet = seen({ shortfalls: byRack, clusters, domains: [domain("rack", "r1", "s1", change)] });
    const { moves, refused } = advised(fleet);
    expect(moves).toEqual([]);
    expect(refused[0]).toContain(says);
  });

  test("one that a Same-constrained demand names stays", () => {
    const same = lacks("s1", "c2", 1, { ...rack, sameDomain: true });
    const fleet = seen({
      shortfalls: [lacks("s1", "c1", 4, rack), same],
      clusters,
      domains: [domain("rack", "r1", "s1")],
    });
    const { moves, refused } = advised(fleet);
    expect(moves).toEqual([]);
    expect(refused.map((each) => each.slice(0, 2)).sort()).toEqual(["c1", "c2"]);
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
