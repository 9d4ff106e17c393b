// Migrations in waves as the state machine keeps them: claims, fences, steps, their counts and bounds.

import { describe, expect, test } from "vitest";
import { renderAuditEntry } from "../../../../src/core/fleet/audit/render-audit.ts";
import { PLAN_STEPS_ADDED_MAX, PLANS_MAX, PLANS_UNFINISHED_MAX } from "../../../../src/core/fleet/limits.ts";
import { denial } from "../../../../src/core/fleet/permissions/authorize.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { planStepKey } from "../../../../src/core/fleet/tables/schema.ts";
import { PlanState, PlanStepState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import * as make from "../replica.ts";

const { PENDING, UNDER_WAY, DONE, FAILED, UNDOING, UNDONE } = PlanStepState;

/** Version 2; s1 owns c1 (at index 6) and c2 (7), and s2 is another shard. */
function fleet(): make.Replica {
  const before = [make.raise(2), make.member(1), make.raise(2), make.register("s1"), make.register("s2")];
  return new make.Replica().applyAll([...before, make.bind("c1", "s1"), make.bind("c2", "s1")]);
}

/** Plan p1 with both clusters, taken; the fence is 10. */
function running(maxUnavailable = 10): make.Replica {
  const replica = fleet();
  replica.applyAll([
    make.createPlan("p1", 2, maxUnavailable),
    make.addSteps("p1", 1, "c1 s1 s2 6", "c2 s1 s2 7"),
  ]);
  expect(make.brief(replica.apply(make.takePlan("p1")))).toBe("changed v10");
  return replica;
}

const FENCE = 10;
const tell = (replica: make.Replica, kind: make.OperationKind) => make.brief(replica.apply(kind));
const to = (cluster: string, state: PlanStepState, failure = "") =>
  make.advance("p1", FENCE, cluster, state, failure);
const plan = ({ state }: make.Replica, id = "p1") => state.tables.plans.get(id);
const step = ({ state }: make.Replica, cluster: string) =>
  state.tables.planSteps.get(planStepKey("p1", cluster));
const binding = ({ state }: make.Replica, cluster: string) => state.tables.bindings.get(cluster);

describe("claims", () => {
  test("a cluster in an unfinished plan is in no other one, and no single rebind moves it", () => {
    const replica = running();
    replica.apply(make.createPlan("p2", 1));
    expect(tell(replica, make.addSteps("p2", 1, "c1 s1 s2 6"))).toBe("CLUSTER_CLAIMED cluster=c1 plan=p1");
    expect(tell(replica, make.begin("c1", "s1", "s2", "m"))).toBe("CLUSTER_CLAIMED cluster=c1 plan=p1");
    replica.apply(to("c1", UNDER_WAY));
    expect(tell(replica, make.settle("c1", "p1-1"))).toBe("CLUSTER_CLAIMED cluster=c1 plan=p1");
  });

  test("a draft claims too, and a plan that has ended claims nothing", () => {
    const replica = fleet();
    replica.applyAll([make.createPlan("p1", 2), make.addSteps("p1", 1, "c1 s1 s2 6")]);
    expect(tell(replica, make.begin("c1", "s1", "s2", "m"))).toBe("CLUSTER_CLAIMED cluster=c1 plan=p1");
    expect(tell(replica, make.endPlan("p1"))).toBe("changed v11");
    expect(tell(replica, make.endPlan("p1"))).toBe("unchanged v11");
    expect(tell(replica, make.begin("c1", "s1", "s2", "m"))).toBe("changed v13");
  });
});

describe("upload", () => {
  test("steps come in order, no more than were declared, and none twice", () => {
    const replica = fleet();
    replica.apply(make.createPlan("p1", 2));
    expect(tell(replica, make.createPlan("p1", 2))).toBe("PLAN_EXISTS plan=p1");
    expect(tell(replica, make.addSteps("p1", 2, "c1 s1 s2 6"))).toBe(
      "PLAN_STEPS_OUT_OF_ORDER added=0 first=2 plan=p1",
    );
    expect(tell(replica, make.addSteps("p1", 1, "c1 s1 s2 6", "c1 s1 s2 6"))).toContain("INVALID_PLAN");
    expect(tell(replica, make.addSteps("p1", 1, "c1 s1 s1 6"))).toContain("INVALID_PLAN");
    expect(tell(replica, make.addSteps("p1", 1, "c1 s1 s2 6"))).toBe("changed v8");
    expect(tell(replica, make.takePlan("p1"))).toBe("PLAN_INCOMPLETE added=1 plan=p1 steps=2");
    expect(tell(replica, make.addSteps("p1", 2, "c2 s1 s2 7", "c3 s1 s2 7"))).toContain("INVALID_PLAN");
    const many = Array.from({ length: PLAN_STEPS_ADDED_MAX + 1 }, (_, at) => `x${at} s1 s2 1`);
    replica.apply(make.createPlan("p2", many.length));
    expect(tell(replica, make.addSteps("p2", 1, ...many))).toContain("INVALID_PLAN");
  });

  test("the oldest finished plans make room with their steps; unfinished ones never do", () => {
    const replica = fleet();
    for (let at = 0; at < PLANS_MAX; at += 1) {
      replica.applyAll([
        make.createPlan(`p${at}`, 1),
        make.addSteps(`p${at}`, 1, "c1 s1 s2 6"),
        make.endPlan(`p${at}`),
      ]);
    }
    expect(replica.state.tables.plans.size).toBe(PLANS_MAX);
    for (let at = 0; at < PLANS_UNFINISHED_MAX; at += 1) replica.apply(make.createPlan(`q${at}`, 1));
    expect(replica.state.tables.plans.size).toBe(PLANS_MAX);
    expect(plan(replica, "p0")).toBeUndefined();
    expect(replica.state.tables.planSteps.size).toBe(PLANS_MAX - PLANS_UNFINISHED_MAX);
    expect(tell(replica, make.createPlan("q", 1))).toContain("TOO_MANY");
    // All unfinished together may not have more steps than are kept.
    const large = fleet().applyAll([make.createPlan("a", 50_000), make.createPlan("b", 50_000)]);
    expect(tell(large, make.createPlan("c", 1))).toContain("TOO_MANY");
    expect(tell(large, make.createPlan("d", 50_001))).toContain("INVALID_PLAN");
  });
});

describe("a step", () => {
  test("moves the binding and itself in one entry, and says so in the audit log with the plan", () => {
    const replica = running();
    expect(tell(replica, to("c1", UNDER_WAY))).toBe("changed v11");
    expect(binding(replica, "c1")).toMatchObject({
      shardId: "s2",
      migration: { migrationId: "p1-1", fromShard: "s1" },
    });
    expect(step(replica, "c1")).toMatchObject({ state: UNDER_WAY, version: 11, begun: true });
    expect(plan(replica)).toMatchObject({ underWay: 1, begun: 1, done: 0 });
    expect(tell(replica, to("c1", UNDER_WAY))).toBe("unchanged v11");
    expect(tell(replica, to("c1", DONE))).toBe("changed v13");
    expect(binding(replica, "c1")).toMatchObject({ shardId: "s2", version: 13, migration: undefined });
    expect(plan(replica)).toMatchObject({ underWay: 0, begun: 1, done: 1 });
    const audit = [...replica.state.tables.audit.rows()].map((row) => renderAuditEntry(row).what);
    expect(audit.slice(-2)).toEqual([
      "step of plan p1: cluster c1 under-way from shard s1 to shard s2",
      "step of plan p1: cluster c1 done from shard s1 to shard s2",
    ]);
  });

  test("is fenced by the version of the binding, even where the owner is as planned", () => {
    const replica = running();
    replica.applyAll([make.unbind("c1"), make.bind("c1", "s1")]);
    expect(tell(replica, to("c1", UNDER_WAY))).toContain("VERSION_CONFLICT");
    expect(step(replica, "c1")).toMatchObject({ state: PENDING });
    expect(tell(replica, to("c1", FAILED, "VERSION_CONFLICT"))).toBe("changed v6");
    expect(plan(replica)).toMatchObject({ failed: 1, begun: 0 });
  });

  test("is refused to a former runner, whatever it wants", () => {
    const replica = running();
    expect(tell(replica, make.takePlan("p1", 0))).toBe("PLAN_FENCED fence=10 plan=p1 runner=host:1");
    expect(tell(replica, make.takePlan("p1", FENCE))).toBe("changed v12");
    const fenced = "PLAN_FENCED fence=12 plan=p1 runner=host:1";
    for (const kind of [
      ...[to("c1", UNDER_WAY), to("c1", FAILED, "X"), make.renewPlan("p1", FENCE)],
      ...[make.pausePlan("p1", "STEP_FAILED", FENCE), make.endPlan("p1", FENCE)],
    ]) {
      expect(tell(replica, kind)).toBe(fenced);
    }
    expect(tell(replica, make.renewPlan("p1", 12))).toBe("changed v12");
  });

  test("begins in no paused plan, but ends in one", () => {
    const replica = running();
    replica.apply(to("c1", UNDER_WAY));
    expect(tell(replica, make.pausePlan("p1"))).toBe("changed v12");
    expect(tell(replica, to("c2", UNDER_WAY))).toBe("PLAN_PAUSED plan=p1");
    expect(tell(replica, to("c1", DONE))).toBe("changed v14");
    expect(tell(replica, make.takePlan("p1", FENCE))).toBe("changed v15");
    expect(plan(replica)).toMatchObject({ state: PlanState.RUNNING, cause: "" });
  });

  test("begins only while fewer are under way than the plan allows", () => {
    const replica = running(1);
    replica.apply(to("c1", UNDER_WAY));
    expect(tell(replica, to("c2", UNDER_WAY))).toBe("PLAN_AT_LIMIT limit=1 plan=p1");
    replica.apply(to("c1", DONE));
    expect(tell(replica, to("c2", UNDER_WAY))).toContain("changed");
  });

  test.each([PENDING, DONE, UNDOING, UNDONE])("that waits can't become %i", (state) => {
    expect(tell(running(), to("c1", state))).toMatch(/STEP_STATE_INVALID|unchanged/);
  });

  test("that failed under way is tried again, or moved back", () => {
    const replica = running();
    replica.applyAll([to("c1", UNDER_WAY), to("c1", FAILED, "TIMED_OUT")]);
    expect(step(replica, "c1")).toMatchObject({ state: FAILED, failure: "TIMED_OUT", begun: true });
    expect(tell(replica, to("c1", UNDER_WAY))).toBe("changed v11");
    expect(step(replica, "c1")).toMatchObject({ state: UNDER_WAY, failure: "" });
    expect(tell(replica, to("c1", DONE))).toContain("changed");
  });
});

describe("the end", () => {
  test("is done once every step is", () => {
    const replica = running();
    replica.applyAll([to("c1", UNDER_WAY), to("c1", DONE)]);
    expect(tell(replica, make.endPlan("p1", FENCE))).toBe("PLAN_UNFINISHED left=1 plan=p1");
    replica.applyAll([to("c2", UNDER_WAY), to("c2", DONE), make.endPlan("p1", FENCE)]);
    expect(plan(replica)?.state).toBe(PlanState.DONE);
    expect(tell(replica, make.takePlan("p1", FENCE, true))).toBe("PLAN_ENDED plan=p1 state=done");
  });

  test("of a rollback leaves every cluster where it was, even at a shard that is drained", () => {
    const replica = running();
    replica.applyAll([to("c1", UNDER_WAY), to("c1", DONE), to("c2", UNDER_WAY), make.drain("s1")]);
    expect(tell(replica, to("c1", UNDOING))).toContain("STEP_STATE_INVALID");
    const { version: fence = 0 } = { version: replica.state.appliedIndex + 1 };
    replica.apply(make.takePlan("p1", FENCE, true));
    const back = (cluster: string, state: PlanStepState) =>
      tell(replica, make.advance("p1", fence, cluster, state));
    expect(tell(replica, make.advance("p1", fence, "c2", UNDER_WAY))).toContain("unchanged");
    for (const cluster of ["c2", "c1"]) {
      expect(back(cluster, UNDOING)).toContain("changed");
      expect(binding(replica, cluster)).toMatchObject({ shardId: "s1" });
      expect(tell(replica, make.endPlan("p1", fence))).toContain("PLAN_UNFINISHED");
      expect(back(cluster, UNDONE)).toContain("changed");
    }
    expect(plan(replica)).toMatchObject({ begun: 0, undone: 2, rollingBack: true });
    expect(tell(replica, make.endPlan("p1", fence))).toContain("changed");
    expect(plan(replica)?.state).toBe(PlanState.ROLLED_BACK);
    expect(binding(replica, "c1")).toMatchObject({ shardId: "s1", migration: undefined });
  });
});

test("a snapshot keeps plans and steps", () => {
  const replica = running();
  replica.apply(to("c1", UNDER_WAY));
  const bytes = encodeSnapshot(replica.state.capture());
  const restored = decodeSnapshot(bytes);
  if (!restored.ok) throw new Error(restored.message);
  expect(restored.state.hash()).toBe(replica.state.hash());
  expect(encodeSnapshot(restored.state.capture())).toEqual(bytes);
  expect(make.brief(new make.Replica(restored.state).apply(to("c1", DONE)))).toContain("changed");
});

test("an operator's step needs the grant for its cluster and for the shard that takes it", () => {
  const replica = running();
  replica.applyAll([
    make.role("hers", ["rebind cluster,plan *", "use shard s2"]),
    make.grant("alice", "hers"),
  ]);
  const missing = (kind: make.OperationKind) => {
    const result = denial(replica.state, "fleet://operator/alice", kind);
    return result?.$case === "rejected"
      ? `${result.value.metadata["verb"]} ${result.value.metadata["name"]}`
      : null;
  };
  expect(missing(to("c1", UNDER_WAY))).toBeNull();
  expect(missing(to("c1", UNDOING))).toBe("use s1");
  expect(missing(to("c1", DONE))).toBeNull();
});
