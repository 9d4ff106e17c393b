// A runner of a plan in waves against the real state machine and shards' rules. It runs to its end, is cut off
// anywhere and taken over, paused, failed, rolled back, and replaced.

import { describe, expect, test, vi } from "vitest";
import type { AgentMover } from "../../../../src/client/rebind/executor.ts";
import { PlanJournal } from "../../../../src/client/rebind/waves/journal.ts";
import { runWaves, type WaveDeps } from "../../../../src/client/rebind/waves/run-waves.ts";
import { uploadOnce, uploadPlan } from "../../../../src/client/rebind/waves/upload-plan.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import type { Move } from "../../../../src/core/rebind/plan.ts";
import type { Health } from "../../../../src/core/rebind/waves/preconditions.ts";
import { STRATEGY, type Strategy, type WavePlan } from "../../../../src/core/rebind/waves/wave-plan.ts";
import { PlanState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { fakeTime } from "../../fake-time.ts";
import { CutOff, MovingFleet } from "./moving-fleet.ts";

vi.mock("node:timers/promises", async () => (await import("../../fake-time.ts")).promisedTimers);
fakeTime("performance", "setTimeout");

const CLUSTERS = ["c1", "c2", "c3", "c4", "c5"];
const WELL: Health = { quorumMargin: 1, lag: 0, reignMs: 60_000, commitMs: 1 };
const clock = {
  now: () => performance.now(),
  sleep: async (ms: number) => {
    // Work that is ready goes first, as in a real event loop.
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    vi.advanceTimersByTime(ms);
  },
};

function planOf(fleet: MovingFleet, strategy: Partial<Strategy> = {}): WavePlan {
  return {
    version: 2,
    name: "p1",
    executor: { kind: "local" },
    base: { clusterId: "test", revision: 1, bindingsHash: "0".repeat(64) },
    preconditions: { quorumMargin: 1, quietMs: 0, rooms: {} },
    strategy: { ...STRATEGY, canary: 1, wave: 2, maxUnavailable: 2, ...strategy },
    moves: CLUSTERS.map((cluster) => {
      return { cluster, from: "s1", to: "s2", version: fleet.binding(cluster)?.version ?? 0 };
    }),
  };
}

interface Run {
  readonly fleet: MovingFleet;
  readonly plan: WavePlan;
  readonly waves: number[];
  readonly waits: string[];
}

async function uploaded(strategy: Partial<Strategy> = {}): Promise<Run> {
  const fleet = MovingFleet.withClusters(...CLUSTERS);
  const plan = planOf(fleet, strategy);
  await uploadPlan(fleet, plan, "test");
  return { fleet, plan, waves: [], waits: [] };
}

/** Takes the plan from whichever runner had it, and runs it. */
async function run({ fleet, plan, waves, waits }: Run, deps: Partial<WaveDeps> = {}, rollBack = false) {
  const journal = new PlanJournal(fleet, plan.name, "test");
  await journal.take((await journal.row()).fence, "host:1", rollBack);
  const events = {
    onWave: (_number: number, size: number) => waves.push(size),
    onRow: () => undefined,
    onStep: () => undefined,
    onWait: (why: string) => waits.push(why),
  };
  const all = { reads: fleet, journal, mover: fleet, clock, events, runner: "host:1" };
  return await runWaves(plan, { ...all, health: async () => WELL, isStopping: () => false, ...deps });
}

const planRow = ({ fleet }: Run) => fleet.replica.state.tables.plans.get("p1");

/** Who owns, serves and holds each cluster, once everything has come to rest. */
function rest({ fleet }: Run): readonly string[] {
  fleet.settleDown();
  return CLUSTERS.map((cluster) => {
    const row = fleet.binding(cluster);
    const serving = [...fleet.shards]
      .filter(([, shard]) => shard.sessions.has(cluster))
      .map(([name]) => name);
    return `${row?.shardId} ${serving.join("+")} ${fleet.agents.get(cluster)?.configured} ${row?.migration?.migrationId ?? "-"}`;
  });
}

const all = (shard: string) => CLUSTERS.map(() => `${shard} ${shard} ${shard} -`);

/** The fleet's own mover, but for one cluster. */
function failingFor(fleet: MovingFleet, failing: string): AgentMover {
  return {
    check: () => fleet.check(),
    moveAgent: async (move: Move, address: string) => {
      if (move.cluster === failing && move.to === "s2") {
        throw new OperatorError("EXECUTOR_FAILED", { what: "helm has failed", exit: Exit.Failure });
      }
      await fleet.moveAgent(move, address);
    },
  };
}

/** The same, and the most clusters that had no agent at their owner at once, the failing one included. */
function countingFor(fleet: MovingFleet, failing: string) {
  const inner = failingFor(fleet, failing);
  const most = { unserved: 0 };
  const moving = () => CLUSTERS.filter((cluster) => fleet.binding(cluster)?.migration !== undefined);
  const mover: AgentMover = {
    check: () => fleet.check(),
    moveAgent: async (move: Move, address: string) => {
      most.unserved = Math.max(most.unserved, moving().length);
      await inner.moveAgent(move, address);
    },
  };
  return { mover, most };
}

test("a plan that is there already is refused: one that runs with how to continue it, one that has ended without", async () => {
  const here = await uploaded();
  await new PlanJournal(here.fleet, "p1", "test").take(0, "host:1", false);
  const again = () => uploadPlan(here.fleet, here.plan, "test");
  await expect(again()).rejects.toMatchObject({
    parts: { next: expect.stringContaining("rebind resume p1") },
  });
  await run(here);
  await expect(again()).rejects.toMatchObject({
    parts: {
      what: expect.stringContaining("which has ended"),
      next: expect.not.stringContaining("resume"),
    },
  });
});

test("a plan without a file leaves no draft when another plan has claimed a cluster, and none of that plan is touched", async () => {
  const { fleet, plan } = await uploaded();
  const mine = { ...plan, name: "p2" };
  await expect(uploadOnce(fleet, mine, "test")).rejects.toMatchObject({ code: "CLUSTER_CLAIMED" });
  const { plans } = await fleet.listPlans();
  expect(plans.map(({ planId, state }) => [planId, state])).toEqual([
    ["p1", PlanState.DRAFT],
    ["p2", PlanState.ABORTED],
  ]);
  await expect(uploadOnce(fleet, plan, "test")).rejects.toMatchObject({ code: "PLAN_EXISTS" });
  expect((await fleet.listPlans()).plans[0]?.state).toBe(PlanState.DRAFT);
});

test("a canary, then waves, until every cluster is served by its target alone", async () => {
  const it = await uploaded();
  expect(await run(it)).toMatchObject({ kind: "done", failed: [] });
  expect(it.waves).toEqual([1, 2, 2]);
  expect(rest(it)).toEqual(all("s2"));
  expect(planRow(it)).toMatchObject({ state: PlanState.DONE, done: 5 });
});

test("cut off after any of its effects, another runner finishes it", async () => {
  let effects = 0;
  for (let isCutOff = true; isCutOff; effects += 1) {
    const it = await uploaded();
    it.fleet.effectsLeft = effects;
    isCutOff = await run(it).then(
      () => false,
      (error: unknown) => {
        if (error instanceof CutOff) return true;
        throw error;
      },
    );
    it.fleet.effectsLeft = Number.POSITIVE_INFINITY;
    // Cut off after its last entry, nothing is left to run.
    const isLeft = planRow(it)?.state !== PlanState.DONE;
    if (isLeft) expect((await run(it)).kind, `cut off after ${effects} effects`).toBe("done");
    expect(rest(it), `cut off after ${effects} effects`).toEqual(all("s2"));
  }
  // The cuts were between all kinds of steps.
  expect(effects).toBeGreaterThan(30);
});

test("a leader that changes in the middle is waited for", async () => {
  const it = await uploaded();
  let moved = 0;
  const mover: AgentMover = {
    check: () => it.fleet.check(),
    moveAgent: async (move, address) => {
      moved += 1;
      if (moved === 2 || moved === 4) it.fleet.changeLeader();
      await it.fleet.moveAgent(move, address);
    },
  };
  expect((await run(it, { mover })).kind).toBe("done");
  expect(rest(it)).toEqual(all("s2"));
});

describe("a stop", () => {
  test("finishes what is under way, pauses, and another run continues", async () => {
    const it = await uploaded();
    const isStopping = () => (planRow(it)?.underWay ?? 0) === 2 || planRow(it)?.state === PlanState.PAUSED;
    let asked = false;
    const end = await run(it, {
      isStopping: () => {
        asked ||= isStopping();
        return asked;
      },
    });
    expect(end).toMatchObject({ kind: "paused", failed: [] });
    expect(planRow(it)).toMatchObject({ state: PlanState.PAUSED, underWay: 0, done: 3 });
    expect((await run(it)).kind).toBe("done");
    expect(rest(it)).toEqual(all("s2"));
  });

  test("from another terminal: a pause, an abort, or another runner", async () => {
    for (const [how, kind] of [
      ["pausePlan", "paused"],
      ["endPlan", "aborted"],
      ["takePlan", "replaced"],
    ] as const) {
      const it = await uploaded();
      const mover: AgentMover = {
        check: () => it.fleet.check(),
        moveAgent: async (move, address) => {
          await it.fleet.moveAgent(move, address);
          if (move.cluster !== "c2") return;
          const fence = planRow(it)?.fence ?? 0;
          const kinds = {
            pausePlan: { planId: "p1", cause: "", fence: 0 },
            endPlan: { planId: "p1", fence: 0 },
            takePlan: { planId: "p1", runner: "other:2", expectedFence: fence, rollBack: false },
          };
          it.fleet.replica.apply({ $case: how, value: kinds[how] } as never);
        },
      };
      const end = await run(it, { mover });
      expect(end.kind).toBe(kind);
      // Nothing new began: c4 and c5 are in a later wave.
      expect(it.fleet.binding("c5")).toMatchObject({ shardId: "s1" });
    }
  });
});

describe("a failed step", () => {
  test("ends its wave and pauses the plan; the others under way have settled", async () => {
    const it = await uploaded();
    const end = await run(it, { mover: failingFor(it.fleet, "c2") });
    expect(end).toMatchObject({ kind: "paused", failed: [{ clusterId: "c2" }] });
    expect(end.why).toContain("helm has failed");
    expect(planRow(it)).toMatchObject({
      state: PlanState.PAUSED,
      cause: "STEP_FAILED",
      done: 2,
      failed: 1,
      underWay: 0,
    });
    expect((await run(it)).kind).toBe("done");
    expect(rest(it)).toEqual(all("s2"));
  });

  test("is skipped by a resume that says so: the others move, and the plan is never done without it", async () => {
    const it = await uploaded();
    const mover = failingFor(it.fleet, "c2");
    await run(it, { mover });
    const skipping = await run(it, { mover, skipFailed: true });
    expect(skipping).toMatchObject({ kind: "paused", why: expect.stringContaining("were skipped: c2") });
    expect(planRow(it)).toMatchObject({ state: PlanState.PAUSED, cause: "STEP_FAILED", done: 4, failed: 1 });
    it.fleet.settleDown();
    const owners = CLUSTERS.map((cluster) => it.fleet.binding(cluster)?.shardId);
    expect(owners.filter((shard) => shard === "s2").length).toBeGreaterThanOrEqual(4);
    // What was skipped is tried again by a plain resume.
    expect((await run(it)).kind).toBe("done");
    expect(rest(it)).toEqual(all("s2"));
  });

  test("that fails anew while others are skipped pauses the plan with both of them failed", async () => {
    const it = await uploaded();
    await run(it, { mover: failingFor(it.fleet, "c2") });
    const end = await run(it, { mover: failingFor(it.fleet, "c4"), skipFailed: true });
    expect(end).toMatchObject({ kind: "paused", failed: [{ clusterId: "c4" }] });
    expect(planRow(it)).toMatchObject({ state: PlanState.PAUSED, failed: 2 });
  });

  test("that is skipped leaves one place less, as its cluster is not served", async () => {
    const it = await uploaded();
    const { mover, most } = countingFor(it.fleet, "c2");
    await run(it, { mover });
    most.unserved = 0;
    await run(it, { mover, skipFailed: true });
    expect(planRow(it)).toMatchObject({ done: 4, failed: 1 });
    expect(most.unserved).toBe(2);
  });

  test("that is skipped ends the run with a reason where it leaves no place", async () => {
    const it = await uploaded({ maxUnavailable: 1 });
    const mover = failingFor(it.fleet, "c2");
    await run(it, { mover });
    const waves = it.waves.length;
    const end = await run(it, { mover, skipFailed: true });
    expect(end).toMatchObject({ kind: "paused", failed: [] });
    expect(end.why).toBe(
      "no further step may begin: maxUnavailable is 1. Of the skipped steps, 1 had begun, so their clusters are not served: c2",
    );
    expect(it.waves.length).toBe(waves);
    expect(planRow(it)).toMatchObject({ state: PlanState.PAUSED, cause: "STEP_FAILED", done: 1, failed: 1 });
    expect((await run(it)).kind).toBe("done");
  });

  test("that is skipped is waited for by no pause after the last wave", async () => {
    const it = await uploaded({ pauseMs: 100_000 });
    const mover = failingFor(it.fleet, "c2");
    await run(it, { mover });
    it.waits.length = 0;
    const before = it.waves.length;
    await run(it, { mover, skipFailed: true });
    const pauses = it.waits.filter((why) => why.startsWith("pausing"));
    expect(pauses.length).toBe(it.waves.length - before - 1);
  });

  test("moves everything back where the plan says so", async () => {
    const it = await uploaded({ onFailure: "rollback" });
    expect((await run(it, { mover: failingFor(it.fleet, "c3") })).kind).toBe("rolled-back");
    expect(rest(it)).toEqual(all("s1"));
    expect(planRow(it)).toMatchObject({ state: PlanState.ROLLED_BACK, begun: 0 });
  });

  test("whose agent never comes has failed at the wave's end", async () => {
    const it = await uploaded({ waveTimeoutMs: 60_000 });
    it.fleet.shard("s2").isClosed = true;
    const end = await run(it);
    expect(end).toMatchObject({ kind: "paused", failed: [{ clusterId: "c1" }] });
    it.fleet.shard("s2").isClosed = false;
    expect(await run(it)).toMatchObject({ kind: "done", why: "" });
  });
});

test("a plan that has begun is rolled back from anywhere", async () => {
  const it = await uploaded();
  await run(it, { mover: failingFor(it.fleet, "c4") });
  expect((await run(it, {}, true)).kind).toBe("rolled-back");
  expect(rest(it)).toEqual(all("s1"));
});

test("no wave begins while the preconditions do not hold, and no step while it is throttled", async () => {
  const unfit = await uploaded({ waveTimeoutMs: 5_000 });
  expect(await run(unfit, { health: async () => ({ ...WELL, quorumMargin: 0 }) })).toMatchObject({
    kind: "paused",
  });
  expect(planRow(unfit)).toMatchObject({ cause: "PRECONDITIONS", done: 0, begun: 0 });
  const slow = await uploaded({ throttleLatencyMs: 10 });
  let asked = 0;
  const health = async () => {
    asked += 1;
    return { ...WELL, commitMs: asked < 4 ? 50 : 1 };
  };
  expect((await run(slow, { health })).kind).toBe("done");
  expect(slow.waits).toContain("throttled: commits take 50 ms, and the plan throttles above 10 ms");
});
