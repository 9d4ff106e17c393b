import { describe, expect, test, vi } from "vitest";
import { makePlan, rollbackPlan } from "../../../../src/client/rebind/make-plan.ts";
import { previewPlan, type RunOptions, runPlan } from "../../../../src/client/rebind/run-plan.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { OperatorError } from "../../../../src/core/base/errors.ts";
import { inversePlan } from "../../../../src/core/rebind/plan.ts";
import { ReadStamp } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { fakeTime } from "../../fake-time.ts";
import { bind, register, removeShard, unbind } from "../../fleet/replica.ts";
import { CutOff, clientWith, MovingFleet } from "./moving-fleet.ts";
import { cutOffEverywhere, local, options, rebind, rest, toS2, wholly } from "./one-move.ts";

vi.mock("node:timers/promises", async () => (await import("../../fake-time.ts")).promisedTimers);
fakeTime("performance", "setTimeout");

/** What `fleet rebind rollback --cluster c1` does; nothing when no migration is under way. */
async function rollback(fleet: MovingFleet): Promise<void> {
  if (fleet.binding("c1")?.migration === undefined) return;
  await runPlan(fleet, await rollbackPlan(fleet, "c1", local), fleet, options);
}

/** A fleet whose move of c1 was cut off after so many effects. */
async function cutOff(effects: number): Promise<MovingFleet> {
  const fleet = MovingFleet.withClusters("c1");
  fleet.effectsLeft = effects;
  await rebind(fleet).catch((error: unknown) => {
    if (!(error instanceof CutOff)) throw error;
  });
  fleet.effectsLeft = Number.POSITIVE_INFINITY;
  return fleet;
}

const untouched = async () => MovingFleet.withClusters("c1");

describe("a move that is cut off before or after any of its effects", () => {
  test("is finished by the same command", async () => {
    const points = await cutOffEverywhere(untouched, rebind, async (fleet, after) => {
      const { error } = await rebind(fleet);
      expect(error, `cut off after ${after}`).toBeNull();
      expect(rest(fleet), `cut off after ${after}`).toEqual(wholly("s2"));
    });
    expect(points).toBeGreaterThan(12);
  });

  test("is undone by rollback --cluster, or had not begun, or was at its end", async () => {
    await cutOffEverywhere(untouched, rebind, async (fleet, after) => {
      const begun = fleet.binding("c1")?.migration !== undefined;
      await rollback(fleet);
      const end = begun ? "s1" : (fleet.binding("c1")?.shardId ?? "");
      expect(rest(fleet), `cut off after ${after}`).toEqual(wholly(end));
    });
  });

  test("is undone by rollback with its plan, wherever it was", async () => {
    const plan = await makePlan(await untouched(), toS2);
    const run = (fleet: MovingFleet) => runPlan(fleet, plan, fleet, options);
    await cutOffEverywhere(untouched, run, async (fleet, after) => {
      await runPlan(fleet, inversePlan(plan), fleet, options);
      expect(rest(fleet), `cut off after ${after}`).toEqual(wholly("s1"));
    });
  });
});

test("a cluster that is named twice is refused before anything is planned", async () => {
  const fleet = await untouched();
  const repeated = { ...toS2, clusters: ["c1", "c1"] };
  await expect(makePlan(fleet, repeated)).rejects.toMatchObject({
    code: "USAGE",
    parts: { exit: 2 },
  });
});

test("a rollback that is cut off anywhere goes on backwards when run again", async () => {
  const half = 8;
  expect((await cutOff(half)).binding("c1")?.migration).toBeDefined();
  await cutOffEverywhere(
    () => cutOff(half),
    rollback,
    async (fleet, after) => {
      await rollback(fleet);
      expect(rest(fleet), `cut off after ${after}`).toEqual(wholly("s1"));
    },
  );
});

test("a leader that is replaced at any moment changes nothing about the end", async () => {
  for (let look = 0; look < 12; look++) {
    const fleet = MovingFleet.withClusters("c1");
    const plan = await makePlan(fleet, toS2);
    let looks = 0;
    const client = clientWith(fleet, {
      listClusters: () => {
        // Between the two answers of one look: they are of two leaders then.
        if (looks++ === look) fleet.changeLeader();
        return fleet.listClusters();
      },
    });
    const { report } = await runPlan(client, plan, fleet, options);
    expect(report.moves[0]?.result, `replaced at look ${look}`).toBe("done");
    expect(rest(fleet)).toEqual(wholly("s2"));
  }
});

test.each([
  { terms: 1, why: "one by a leader that has heard nobody yet, the other by the one before it" },
  { terms: 0, why: "by one leader, before and after it heard the shards" },
])("answers that do not fit together decide nothing: $why", async ({ terms }) => {
  const fleet = MovingFleet.withClusters("c1");
  const plan = await makePlan(fleet, toS2);
  let looks = 0;
  const client = clientWith(fleet, {
    listShards: async () => {
      const answer = await fleet.listShards();
      if (looks++ > 0) return answer;
      const deaf = answer.shards.map((view) => ({ ...view, observed: undefined }));
      return {
        ...answer,
        stamp: ReadStamp.fromPartial({ index: 1, nodeId: 2, term: fleet.term + terms }),
        shards: deaf,
      };
    },
  });
  const { report } = await runPlan(client, plan, fleet, options);
  expect(report.moves).toMatchObject([{ result: "done" }]);
});

test("what fails for one move does not hide what became of the others, and ends the plan after its wave", async () => {
  const fleet = MovingFleet.withClusters("c1", "c2", "c3");
  const plan = await makePlan(fleet, { ...toS2, clusters: ["c1", "c2", "c3"] });
  const failed = new OperatorError("EXECUTOR_FAILED", { what: "the command failed: x", exit: 1 });
  const mover = {
    check: () => fleet.check(),
    moveAgent: (...args: Parameters<typeof fleet.moveAgent>) =>
      args[0].cluster === "c1" ? Promise.reject(failed) : fleet.moveAgent(...args),
  };
  const { report, error } = await runPlan(fleet, plan, mover, { ...options, maxParallel: 2 });
  expect(error).toBe(failed);
  expect(report.moves).toMatchObject([
    { cluster: "c1", result: "failed", step: "move-agent", why: "EXECUTOR_FAILED: the command failed: x" },
    { cluster: "c2", result: "done" },
    { cluster: "c3", result: "not-started" },
  ]);
});

test("what the executor cannot do is found before the owner is declared", async () => {
  const fleet = MovingFleet.withClusters("c1");
  const plan = await makePlan(fleet, toS2);
  const cannot = new OperatorError("AGENT_UNKNOWN", { what: "no agent", exit: 3 });
  const mover = { check: () => Promise.reject(cannot), moveAgent: () => Promise.reject(cannot) };
  expect(await runPlan(fleet, plan, mover, options)).toMatchObject({ error: cannot });
  expect(await previewPlan(fleet, plan, mover, 1_000)).toMatchObject({ error: cannot });
  expect(fleet.binding("c1")).toMatchObject({ shardId: "s1", migration: undefined });
});

test("a preview says what would come next, and changes nothing", async () => {
  const fleet = MovingFleet.withClusters("c1");
  const before = fleet.replica.state.appliedIndex;
  const { report } = await previewPlan(fleet, await makePlan(fleet, toS2), fleet, 1_000);
  expect(report.moves).toMatchObject([{ step: "begin", result: "not-started" }]);
  expect(fleet.replica.state.appliedIndex).toBe(before);
  expect(rest(fleet)).toEqual(wholly("s1"));
});

describe("a cluster that has no agent", () => {
  const mover = { check: async () => undefined, moveAgent: async () => undefined };
  const begun = async () => {
    const fleet = MovingFleet.withClusters("c1");
    fleet.agents.delete("c1");
    for (const shard of fleet.shards.values()) shard.hangUp("c1");
    return fleet;
  };

  test("is waited for, there and back, and the run says how to end that", async () => {
    const fleet = await begun();
    const [there] = (await runPlan(fleet, await makePlan(fleet, toS2), mover, options)).report.moves;
    const [back] = (await runPlan(fleet, await rollbackPlan(fleet, "c1", local), mover, options)).report
      .moves;
    for (const move of [there, back]) {
      expect(move).toMatchObject({ result: "timed-out", step: "wait-session" });
      expect(move?.why).toContain("fleet cluster unbind c1 --force");
    }
  });

  test("is not suspected of having none while a shard shows its session", async () => {
    const fleet = MovingFleet.withClusters("c1");
    const { report } = await runPlan(fleet, await makePlan(fleet, toS2), mover, options);
    expect(report.moves).toMatchObject([
      { result: "timed-out", step: "wait-session", why: "shard s2 shows no session of cluster c1 yet" },
    ]);
  });

  test("unbound meanwhile it ends every run, by plan, by name and back, with a reason", async () => {
    const fleet = await begun();
    const plan = await makePlan(fleet, toS2);
    const onStep: RunOptions["onStep"] = (_, { step }) => {
      if (step === "wait-session") fleet.replica.apply(unbind("c1", true));
    };
    const blocked = [{ result: "blocked", why: expect.stringMatching(/^CLUSTER_UNKNOWN/) }];
    expect((await runPlan(fleet, plan, mover, { ...options, onStep })).report.moves).toMatchObject(blocked);
    for (const again of [plan, inversePlan(plan)]) {
      expect((await runPlan(fleet, again, mover, options)).report.moves).toMatchObject(blocked);
      expect((await previewPlan(fleet, again, mover, 1_000)).report.moves).toMatchObject(blocked);
    }
    await expect(makePlan(fleet, toS2)).rejects.toMatchObject({ code: "CLUSTER_UNKNOWN" });
    await expect(rollbackPlan(fleet, "c1", local)).rejects.toMatchObject({ code: "CLUSTER_UNKNOWN" });
  });

  test("unbound between a look and what follows from it is found by the next look", async () => {
    const fleet = await begun();
    const plan = await makePlan(fleet, toS2);
    const racing = { ...mover, check: async () => void fleet.replica.apply(unbind("c1")) };
    const { report, error } = await runPlan(fleet, plan, racing, options);
    expect(error).toBeNull();
    expect(report.moves).toMatchObject([{ result: "blocked" }]);
  });

  test("unbound and bound again it begins anew wherever it is", async () => {
    const fleet = await begun();
    await runPlan(fleet, await makePlan(fleet, toS2), mover, options);
    fleet.replica.applyAll([unbind("c1", true), bind("c1", "s1")]);
    fleet.agents.set("c1", { configured: "s1", dialing: "s1" });
    expect(rest(fleet)).toEqual(wholly("s1"));
    expect((await rebind(fleet)).error).toBeNull();
    expect(rest(fleet)).toEqual(wholly("s2"));
  });
});

describe("shards that say nothing", () => {
  test("a dead target is refused before anything is declared", async () => {
    const fleet = MovingFleet.withClusters("c1");
    for (const shard of fleet.shards.values()) shard.isSilent = true;
    vi.advanceTimersByTime(60_000);
    const { report } = await rebind(fleet);
    expect(report.moves).toMatchObject([
      { result: "blocked", why: "TARGET_NOT_REPORTING: shard s2 does not report to the coordinator" },
    ]);
    expect(fleet.binding("c1")?.shardId).toBe("s1");
  });

  test("a dead source is waited for, since it may serve still, and the run says so at its end", async () => {
    const fleet = MovingFleet.withClusters("c1");
    fleet.changeLeader();
    const source = fleet.shards.get("s1");
    if (source) source.isSilent = true;
    const { report } = await rebind(fleet);
    expect(report.moves).toMatchObject([
      {
        result: "timed-out",
        step: "wait-release",
        why: "shard s1 does not report whether it has released the cluster",
      },
    ]);
    if (source) source.isSilent = false;
    await rebind(fleet);
    expect(rest(fleet)).toEqual(wholly("s2"));
  });
});

describe("a leader that is new", () => {
  test("is not waited for to hear shards that were removed", async () => {
    const fleet = MovingFleet.withClusters("c1");
    fleet.replica.applyAll([register("s3"), removeShard("s3")]);
    fleet.changeLeader();
    const beganMs = performance.now();
    const { report } = await rebind(fleet);
    expect(report.moves).toMatchObject([{ result: "done" }]);
    expect(performance.now() - beganMs, "a few looks, and no shard's silence").toBeLessThan(5_000);
  });

  test("is waited for to hear a shard that reports seldom, for as long as the leader itself does", async () => {
    const fleet = MovingFleet.withClusters("c1");
    fleet.changeLeader();
    const beganMs = performance.now();
    const target = present(fleet.shards.get("s2"), "there is a shard s2");
    target.isSilent = true;
    const client = clientWith(fleet, {
      listShards: () => {
        target.isSilent = performance.now() - beganMs < 20_000;
        return fleet.listShards();
      },
    });
    const heard: string[][] = [];
    const onWait = (shards: readonly string[]) => heard.push([...shards]);
    const plan = await makePlan(client, toS2, { timeoutMs: 60_000, onWait });
    const { report } = await runPlan(client, plan, fleet, options);
    expect(report.moves).toMatchObject([{ result: "done" }]);
    expect(heard, "each time that it changes").toEqual([["s1", "s2"], ["s2"]]);
  });

  test("has shards that it did not hear in time, and they are named", async () => {
    const fleet = MovingFleet.withClusters("c1");
    const plan = await makePlan(fleet, toS2);
    fleet.changeLeader();
    present(fleet.shards.get("s2"), "there is a shard s2").isSilent = true;
    await expect(previewPlan(fleet, plan, fleet, 10_000)).rejects.toMatchObject({
      code: "REPORTS_INCOMPLETE",
      parts: { what: expect.stringContaining("s2"), exit: 6 },
    });
  });
});
