// The pure rules of plans in waves: which clusters, where to, in which waves, and what has changed since.

import { describe, expect, test } from "vitest";
import { parseSelector } from "../../../src/core/base/label-selector.ts";
import { pathText, readValue } from "../../../src/core/base/read-value.ts";
import { plan as planIn } from "../../../src/core/rebind/parse-plan.ts";
import { chooseTargets } from "../../../src/core/rebind/waves/choose-targets.ts";
import { countWaves, nextWave } from "../../../src/core/rebind/waves/cut-waves.ts";
import { changesSince } from "../../../src/core/rebind/waves/plan-changes.ts";
import { lackingRoom, throttled, unmet } from "../../../src/core/rebind/waves/preconditions.ts";
import { progressOf } from "../../../src/core/rebind/waves/progress.ts";
import { select } from "../../../src/core/rebind/waves/select.ts";
import { PRECONDITIONS, STRATEGY, type WavePlan } from "../../../src/core/rebind/waves/wave-plan.ts";
import { Binding, Plan, PlanStepState, ShardState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ShardView } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;

const bound = (clusterId: string, shardId: string, version = 5) =>
  Binding.fromPartial({ clusterId, shardId, version });

function shard(
  shardId: string,
  boundClusters: number,
  more: { free?: number; total?: number; zone?: string; state?: ShardState; dead?: boolean } = {},
) {
  const { free, total = 0, zone = "", state = ShardState.ACTIVE, dead = false } = more;
  const summary = free === undefined ? undefined : { machinesTotal: total, machinesFree: free };
  return ShardView.fromPartial({
    shard: { shardId, zone, state },
    liveness: dead ? ShardLiveness.DEAD : ShardLiveness.ALIVE,
    observed: { boundClusters, ...(summary === undefined ? {} : { summary }) },
  });
}

describe("targets", () => {
  const moving = ["c1", "c2", "c3"].map((name) => bound(name, "s1"));
  const routes = (...args: Parameters<typeof chooseTargets>) => {
    const chosen = chooseTargets(...args);
    return chosen.ok
      ? [...chosen.targets.values()].join(" ")
      : `${chosen.cluster}: ${chosen.whys.join("; ")}`;
  };

  test("spread to the emptiest", () => {
    expect(routes({ shards: [shard("s1", 3), shard("s2", 1), shard("s3", 0)], moving, to: [] })).toBe(
      "s3 s2 s3",
    );
  });

  test("are only the named ones, and none that is drained, dead, or the source", () => {
    const shards = [shard("s1", 3), shard("s2", 9), shard("s3", 0), shard("s4", 0, { dead: true })];
    expect(routes({ shards, moving, to: ["s2"] })).toBe("s2 s2 s2");
    expect(routes({ shards, moving, to: ["s4", "s1"] })).toBe("c1: shard s4 is not known to be alive");
    const drained = shard("s5", 0, { state: ShardState.DRAINING });
    expect(routes({ shards: [shard("s1", 3), drained], moving, to: [] })).toBe(
      "c1: shard s5 is drained or removed",
    );
  });

  test("have room for the mean of the source, once for each move; unknown machines are no room", () => {
    const source = shard("s1", 3, { total: 30, free: 0 });
    const full = [source, shard("s2", 0, { total: 40, free: 25 }), shard("s3", 0)];
    expect(routes({ shards: full, moving, to: [] })).toContain("c3: shard s2 has 5 free machines left");
    const enough = chooseTargets({ shards: [source, shard("s2", 0, { free: 30 })], moving, to: [] });
    expect(enough).toMatchObject({ ok: true, rooms: { s2: 30 } });
  });
});

test("clusters are selected by shard, label or name; those at the only target and those that move are left out", () => {
  const shards = [shard("s1", 2, { zone: "a" }), shard("s2", 1, { zone: "b" })];
  const busy = { ...bound("c3", "s1"), migration: { migrationId: "m", fromShard: "s2" } };
  const named = { ...bound("c4", "s2"), labels: { entries: { team: "a" } } };
  const bindings = [bound("c1", "s1"), bound("c2", "s2"), busy, named];
  const none = { from: undefined, shardsWith: undefined, clustersWith: undefined, clusters: [], to: [] };
  const all = (selector: string) => parseSelector(selector) ?? undefined;
  const names = (selection: Partial<Parameters<typeof select>[0]>) => {
    const found = select({ ...none, ...selection }, shards, bindings);
    return [found.moving.map(({ clusterId }) => clusterId).join(" "), found.migrating.join(" ")];
  };
  expect(names({ from: "s1" })).toEqual(["c1", "c3"]);
  expect(names({ shardsWith: all("zone=b") })).toEqual(["c2 c4", ""]);
  expect(names({ clustersWith: all("team=a") })).toEqual(["c4", ""]);
  expect(names({ clusters: ["c1", "c2"], to: ["s2"] })).toEqual(["c1", ""]);
  expect(names({ shardsWith: all("rack") })).toEqual(["", ""]);
  const teamA = all("team=a");
  expect(names({ from: "s1", clustersWith: teamA }), "they narrow each other").toEqual(["", ""]);
  expect(names({ from: "s2", clustersWith: teamA })).toEqual(["c4", ""]);
  expect(names({ shardsWith: all("zone=a"), clustersWith: teamA })).toEqual(["", ""]);
  expect(names({ from: "s2", shardsWith: all("zone=a") })).toEqual(["", ""]);
  expect(names({ from: "s1", clustersWith: teamA, clusters: ["c2"] }), "names add").toEqual(["c2", ""]);
  expect(names({}), "nothing is asked for").toEqual(["", ""]);
});

describe("waves", () => {
  const steps = (...states: PlanStepState[]) =>
    states.map((state, at) => ({
      clusterId: `c${at + 1}`,
      number: at + 1,
      state,
      begun: state !== PENDING && state !== UNDONE,
    }));
  const strategy = { ...STRATEGY, canary: 1, wave: 2 };
  test.each([
    { states: [PENDING, PENDING, PENDING], back: false, wave: "c1", why: "the canary" },
    { states: [DONE, PENDING, PENDING, PENDING], back: false, wave: "c2 c3", why: "then waves" },
    {
      states: [DONE, PENDING, FAILED, PENDING],
      back: false,
      wave: "c3 c2",
      why: "what has begun serves nobody: first",
    },
    {
      states: [UNDER_WAY, UNDER_WAY, UNDER_WAY, PENDING],
      back: false,
      wave: "c1 c2 c3",
      why: "all that is under way",
    },
    { states: [DONE, DONE], back: false, wave: "", why: "nothing is left" },
    { states: [DONE, DONE, DONE, PENDING], back: true, wave: "c3 c2", why: "the last moves go back first" },
    { states: [DONE, UNDER_WAY, UNDONE, PENDING], back: true, wave: "c2 c1", why: "what is under way first" },
    { states: [DONE, UNDOING, UNDONE], back: true, wave: "c2 c1", why: "a rollback that was cut off" },
    { states: [PENDING, UNDONE], back: true, wave: "", why: "all are back" },
  ])("$why: $wave", ({ states, back, wave }) => {
    expect(
      nextWave(steps(...states), strategy, back)
        .map(({ clusterId }) => clusterId)
        .join(" "),
    ).toBe(wave);
  });

  test("are counted", () => {
    expect(countWaves(1, strategy)).toBe(1);
    expect(countWaves(2_000, { canary: 10, wave: 50 } as typeof strategy)).toBe(41);
    expect(countWaves(100, { canary: 0, wave: 50 } as typeof strategy)).toBe(2);
  });
});

describe("preconditions", () => {
  const well = { quorumMargin: 1, lag: 0, reignMs: 10_000, commitMs: 5 };
  test("hold, or say what does not", () => {
    expect(unmet(PRECONDITIONS, well)).toEqual([]);
    expect(unmet(PRECONDITIONS, { ...well, quorumMargin: 0, reignMs: 1_000 })).toEqual([
      "the fleet can lose 0 more voters, and the plan wants 1",
      "the leader was elected 1 s ago, and the plan waits for 5 s",
    ]);
    expect(unmet({ ...PRECONDITIONS, lagMax: 10 }, { ...well, lag: null })).toHaveLength(1);
    expect(unmet(PRECONDITIONS, { quorumMargin: null, lag: null, reignMs: null, commitMs: null })).toEqual([
      "the fleet has no known leader",
    ]);
  });

  test("room and throttles take the unknown for too little", () => {
    const wanted = { ...PRECONDITIONS, rooms: { s2: 5, s3: 5, s4: 5 } };
    const free = new Map([
      ["s2", 5],
      ["s3", 4],
    ]);
    expect(lackingRoom(wanted, (name) => free.get(name) ?? null)).toEqual([
      "shard s3 has 4 free machines, and the plan needs 5",
      "shard s4 does not report its free machines, and the plan needs 5",
    ]);
    expect(throttled({ ...STRATEGY, throttleLag: 5 }, { ...well, lag: null })).toContain("unknown");
    expect(throttled({ ...STRATEGY, throttleLatencyMs: 5 }, { ...well, commitMs: null })).toBeNull();
    expect(throttled({ ...STRATEGY, throttleLatencyMs: 4 }, well)).toContain("commits take 5 ms");
  });
});

test("what has changed is said for each cluster, and for another fleet once", () => {
  const plan = {
    base: { clusterId: "f1", revision: 9, bindingsHash: "" },
    moves: ["c1", "c2", "c3", "c4", "c5", "c6"].map((cluster) => ({
      cluster,
      from: "s1",
      to: "s2",
      version: 5,
    })),
  } as unknown as WavePlan;
  const moving = { ...bound("c6", "s2", 8), migration: { migrationId: "m", fromShard: "s1" } };
  const rows = [bound("c1", "s1"), bound("c2", "s2", 7), bound("c3", "s3", 7), bound("c4", "s1", 7), moving];
  const binding = (name: string) => rows.find(({ clusterId }) => clusterId === name) ?? null;
  expect(
    changesSince(plan, { clusterId: "f1", binding }).map(({ cluster, reason }) => `${cluster} ${reason}`),
  ).toEqual([
    "c2 MOVED_ALREADY",
    "c3 OWNER_CHANGED",
    "c4 VERSION_CONFLICT",
    "c5 CLUSTER_UNKNOWN",
    "c6 MIGRATION_UNDER_WAY",
  ]);
  expect(changesSince(plan, { clusterId: "f2", binding }).map(({ reason }) => reason)).toEqual([
    "OTHER_FLEET",
  ]);
});

test("progress counts what this run did", () => {
  const row = Plan.fromPartial({ steps: 100, done: 40, underWay: 5, failed: 1, begun: 46 });
  expect(progressOf(row, 20, 10_000)).toEqual({
    ...{ total: 100, done: 40, underWay: 5, waiting: 54, failed: 1, perSecond: 2, leftMs: 30_000 },
  });
  expect(progressOf(row, 40, 10_000)).toMatchObject({ perSecond: null, leftMs: null });
  const back = Plan.fromPartial({
    steps: 100,
    done: 20,
    undoing: 2,
    undone: 10,
    begun: 22,
    rollingBack: true,
  });
  expect(progressOf(back, 0, 10_000)).toMatchObject({ total: 32, done: 10, underWay: 2, waiting: 20 });
});

describe("a plan's file", () => {
  const plan = {
    ...{ version: 2, name: "p", executor: { kind: "local" } },
    base: { clusterId: "f", revision: 3, bindingsHash: "a".repeat(64) },
    preconditions: { quorumMargin: 1, quietMs: 0, rooms: { s2: 3 } },
    strategy: STRATEGY,
    moves: [{ cluster: "c1", from: "s1", to: "s2", version: 5 }],
  };
  test("is read as it was written", () => {
    expect(readValue(plan, planIn)).toEqual({ ok: true, value: plan });
  });

  test.each([
    [{ strategy: { ...STRATEGY, wave: 0 } }, "strategy.wave"],
    [{ strategy: { ...STRATEGY, onFailure: "stop" } }, "strategy.onFailure"],
    [{ strategy: { ...STRATEGY, waves: 2 } }, "strategy.waves"],
    [{ moves: [] }, "moves"],
    [{ moves: [plan.moves[0], plan.moves[0]] }, "moves[1].cluster"],
    [{ moves: [{ ...plan.moves[0], version: 0 }] }, "moves[0].version"],
    [{ moves: [{ ...plan.moves[0], to: "s1" }] }, "moves[0].to"],
    [{ base: { ...plan.base, bindingsHash: "x" } }, "base.bindingsHash"],
    [{ preconditions: { ...plan.preconditions, rooms: { S2: 1 } } }, "preconditions.rooms.S2"],
    [{ executor: { kind: "helm" } }, "executor.kind"],
  ])("%o is refused", (change, path) => {
    const parsed = readValue({ ...plan, ...change }, planIn);
    expect(parsed.ok ? [] : parsed.problems.map(({ path }) => pathText(path))).toContain(path);
  });

  test("each room with a wrong name is named", () => {
    const preconditions = { ...plan.preconditions, rooms: { S2: 1, s3: 1, "s 4": 1 } };
    const parsed = readValue({ ...plan, preconditions }, planIn);
    const paths = parsed.ok ? [] : parsed.problems.map(({ path }) => pathText(path));
    expect(paths).toEqual(["preconditions.rooms.S2", "preconditions.rooms.s 4"]);
  });
});
