import { describe, expect, test } from "vitest";
import type { FleetSeen, RebalanceLimits } from "../../../src/core/rebind/advice.ts";
import { adviseRebalance } from "../../../src/core/rebind/rebalance.ts";
import { Domain, ShardState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ClusterView,
  DomainMachines,
  ShardView,
  Shortfall,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const NOW = 10_000_000;
const LONG_AGO = NOW - 3_600_000;
const LIMITS: RebalanceLimits = { minAgeCycles: 3, cooldownCycles: 8, maxMoves: 20 };

interface ShardSketch {
  readonly region?: string;
  readonly state?: ShardState;
  readonly liveness?: ShardLiveness;
  readonly total?: number;
  readonly free?: number;
  readonly types?: Record<string, number>;
  readonly zones?: Record<string, number>;
  readonly clusters?: number;
  readonly cycleMs?: number;
  readonly domains?: readonly DomainMachines[];
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
        ...{ cycleMs: sketch.cycleMs ?? 10_000, domains: [...(sketch.domains ?? [])] },
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

describe("domains", () => {
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
      why: "s1 lacks 9 machines for c1, c2 (rack=r1, priority 5, for 10 cycles); rack=r1 has 10, and nobody uses them at s2",
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
    expect(refused).toEqual([expect.stringContaining("room of shard s2 is promised")]);
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
      says: "it got its shard 10 s ago, and stays for 80 s",
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
      says: "s2 tells nothing of its machines",
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
      refused: ["c1: rack=r1: it got its shard 79 s ago, and stays for 80 s"],
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
