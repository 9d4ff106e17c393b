import { describe, expect, test } from "vitest";
import { type MoveObserved, nextStep } from "../../../src/core/rebind/next-step.ts";
import { createPlan, inversePlan, type Move } from "../../../src/core/rebind/plan.ts";
import type { Binding } from "../../../src/core/wire/gen/fleet/v1/command.ts";

const plan = createPlan("m", { kind: "local" }, [{ cluster: "c1", from: "s1", to: "s2" }]);
const FORTH = only(plan.moves);
const BACK = only(inversePlan(plan).moves);

function only(moves: readonly Move[]): Move {
  const [move] = moves;
  if (move === undefined) throw new Error("a plan without moves");
  return move;
}

function boundTo(shardId: string, migrationId?: string, fromShard = shardId === "s1" ? "s2" : "s1"): Binding {
  const migration = migrationId === undefined ? undefined : { migrationId, fromShard };
  return { clusterId: "c1", shardId, version: 3, sinceMs: 0, sinceIndex: 1, by: "", migration };
}

const session = (shardId: string) => ({ shardId, session: true, bound: true });
const held = (shardId: string) => ({ shardId, session: false, bound: true });
const released = (shardId: string) => ({ shardId, session: false, bound: false });

function seen(
  binding: Binding | null,
  rows: MoveObserved["observed"],
  rest: Partial<MoveObserved> = {},
): MoveObserved {
  return { binding, observed: rows, reporting: new Set(["s1", "s2", "s3"]), agentMoved: false, ...rest };
}

const moved = { agentMoved: true };
const silentTarget = { reporting: new Set(["s1"]) };

describe("a move goes on from wherever it was interrupted", () => {
  test.each([
    { at: seen(boundTo("s1"), [session("s1")]), step: "begin", why: "nothing done yet" },
    {
      at: seen(boundTo("s1"), []),
      step: "begin",
      why: "the agent is down: its next start goes to the target",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s1")]),
      step: "move-agent",
      why: "declared, agent not restarted",
    },
    {
      at: seen(boundTo("s2", "m-1"), []),
      step: "move-agent",
      why: "interrupted while the agent was restarting",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s1")], moved),
      step: "wait-session",
      why: "reports are older",
    },
    {
      at: seen(boundTo("s2", "m-1"), [released("s1")], moved),
      step: "wait-session",
      why: "the agent is on its way",
    },
    {
      at: seen(boundTo("s2", "m-1"), [released("s1"), held("s2")], moved),
      step: "wait-session",
      why: "a held binding is no session",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s1"), session("s2")], moved),
      step: "wait-release",
      why: "sessions at both",
    },
    {
      at: seen(boundTo("s2", "m-1"), [held("s1"), session("s2")], moved),
      step: "wait-release",
      why: "still bound there",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s3"), session("s2")], moved),
      step: "wait-release",
      why: "a third shard",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s2")], { ...moved, reporting: new Set(["s2"]) }),
      step: "wait-release",
      why: "a silent source may still serve",
    },
    {
      at: seen(boundTo("s2", "m-1"), [released("s1"), session("s2")]),
      step: "move-agent",
      why: "an earlier run's executor may have been cut short",
    },
    {
      at: seen(boundTo("s2", "m-1"), [released("s1"), session("s2")], moved),
      step: "settle",
      why: "served, and let go",
    },
    {
      at: seen(boundTo("s2", "m-1"), [session("s2"), held("s3")], moved),
      step: "settle",
      why: "a third shard's leftovers",
    },
    { at: seen(boundTo("s2"), [session("s2")]), step: "done", why: "settled" },
    { at: seen(boundTo("s2"), []), step: "done", why: "settled; a missing session now is another matter" },
    {
      at: seen(boundTo("s2"), [session("s2")], { reporting: new Set<string>() }),
      step: "done",
      why: "settled, whoever reports",
    },
    {
      at: seen(boundTo("s2"), [session("s1")]),
      step: "move-agent",
      why: "settled, then the agent went back",
    },
    { at: seen(boundTo("s2"), [session("s1")], moved), step: "wait-session", why: "and is on its way again" },
    {
      at: seen(boundTo("s2"), [], moved),
      step: "wait-session",
      why: "the other shard let it go, which does not make the target serve it",
    },
    {
      at: seen(boundTo("s2"), [released("s1"), held("s2")], moved),
      step: "wait-session",
      why: "held by the target, and nobody serves it",
    },
    {
      at: seen(boundTo("s2"), [session("s1")], { ...moved, ...silentTarget }),
      step: "wait-session",
      why: "the target died under it",
    },
    { at: seen(boundTo("s2"), [session("s2")], moved), step: "done", why: "brought back, and served" },
    {
      at: seen(boundTo("s2"), [session("s1"), session("s2")]),
      step: "wait-release",
      why: "sessions at both",
    },
  ] as const)("$step: $why", ({ at, step }) => expect(nextStep(FORTH, at).step).toBe(step));
});

describe("an agent that is brought to its declared owner has arrived when that serves it", () => {
  test.each([
    { at: seen(boundTo("s2"), [session("s1")]), step: "move-agent", why: "it dials another shard" },
    { at: seen(boundTo("s2"), [released("s1")]), step: "move-agent", why: "an earlier run was cut short" },
    { at: seen(boundTo("s2"), [released("s1")], moved), step: "wait-session", why: "it is on its way" },
    { at: seen(boundTo("s2"), [], silentTarget), step: "blocked", why: "it would find nobody" },
    { at: seen(boundTo("s2"), [session("s2")]), step: "done", why: "served where it should be" },
  ] as const)("$step: $why", ({ at, step }) => {
    expect(nextStep({ ...FORTH, agentOnly: true }, at).step).toBe(step);
  });
});

describe("what a step says of what it does not see", () => {
  test.each([
    {
      at: seen(boundTo("s2", "m-1"), [], moved),
      says: { step: "wait-session", why: "shard s2 shows no session of cluster c1 yet" },
    },
    {
      at: seen(boundTo("s2", "m-1"), [], { ...moved, ...silentTarget }),
      says: { step: "wait-session", why: "shard s2 does not report whether it has a session of cluster c1" },
    },
    {
      at: seen(boundTo("s2"), []),
      says: { step: "done", why: "no shard shows a session of cluster c1" },
    },
    { at: seen(boundTo("s2"), [session("s2")]), says: { step: "done" } },
  ])("$says.step: $says.why", ({ at, says }) => expect(nextStep(FORTH, at)).toEqual(says));
});

describe("a rollback undoes a move from wherever it stopped", () => {
  test.each([
    { at: seen(boundTo("s1"), [session("s1")]), step: "done", why: "never begun" },
    { at: seen(boundTo("s2", "m-1"), [session("s1")]), step: "begin", why: "declared, agent not restarted" },
    { at: seen(boundTo("s2", "m-1"), []), step: "begin", why: "while the agent was restarting" },
    {
      at: seen(boundTo("s2", "m-1"), [session("s1"), session("s2")]),
      step: "begin",
      why: "before the release",
    },
    { at: seen(boundTo("s2", "m-1"), [session("s2")]), step: "begin", why: "before it was settled" },
    { at: seen(boundTo("s2"), [session("s2")]), step: "begin", why: "after it was settled" },
    { at: seen(boundTo("s1", "m-1-undo"), [session("s2")]), step: "move-agent", why: "declared back" },
    { at: seen(boundTo("s1", "m-1-undo"), [session("s2")], moved), step: "wait-session", why: "restarted" },
    {
      at: seen(boundTo("s1", "m-1-undo"), [session("s1"), held("s2")], moved),
      step: "wait-release",
      why: "target holds on",
    },
    {
      at: seen(boundTo("s1", "m-1-undo"), [session("s1")]),
      step: "move-agent",
      why: "its next start might go to the target: the executor was cut short after it wrote that down",
    },
    {
      at: seen(boundTo("s1", "m-1-undo"), [session("s1")], moved),
      step: "settle",
      why: "the agent had never moved",
    },
    { at: seen(boundTo("s1"), [session("s1"), released("s2")]), step: "done", why: "settled" },
  ] as const)("$step: $why", ({ at, step }) => expect(nextStep(BACK, at).step).toBe(step));

  test("it replaces the migration that it undoes", () => {
    expect(nextStep(BACK, seen(boundTo("s2", "m-1"), []))).toEqual({ step: "begin", supersedes: "m-1" });
    expect(nextStep(FORTH, seen(boundTo("s1"), []))).toEqual({ step: "begin", supersedes: "" });
  });
});

describe("an operator decides", () => {
  test.each([
    { move: FORTH, at: seen(null, [session("s1")]), reason: "CLUSTER_UNKNOWN", why: "nothing is declared" },
    { move: FORTH, at: seen(boundTo("s3"), []), reason: "OWNER_CHANGED", why: "somebody moved it since" },
    {
      move: FORTH,
      at: seen(boundTo("s2", "other"), []),
      reason: "MIGRATION_UNDER_WAY",
      why: "another one moves it",
    },
    {
      move: FORTH,
      at: seen(boundTo("s3", "m-1"), []),
      reason: "MIGRATION_UNDER_WAY",
      why: "our id, another route",
    },
    {
      move: FORTH,
      at: seen(boundTo("s2", "m-1", "s3"), []),
      reason: "MIGRATION_UNDER_WAY",
      why: "our id, from elsewhere",
    },
    {
      move: FORTH,
      at: seen(boundTo("s1", "m-1-undo"), []),
      reason: "MIGRATION_UNDER_WAY",
      why: "being rolled back",
    },
    {
      move: BACK,
      at: seen(boundTo("s3", "m-1"), []),
      reason: "OWNER_CHANGED",
      why: "superseding compares the owner",
    },
    {
      move: BACK,
      at: seen(boundTo("s2", "other"), []),
      reason: "MIGRATION_UNDER_WAY",
      why: "not the one to undo",
    },
    {
      move: FORTH,
      at: seen(boundTo("s1"), [session("s1")], silentTarget),
      reason: "TARGET_NOT_REPORTING",
      why: "a dead shard can't take over",
    },
    {
      move: FORTH,
      at: seen(boundTo("s2"), [session("s1")], silentTarget),
      reason: "TARGET_NOT_REPORTING",
      why: "nor be given back what another shard serves",
    },
    {
      move: FORTH,
      at: seen(boundTo("s2", "m-1"), [session("s1")], silentTarget),
      reason: "TARGET_NOT_REPORTING",
      why: "it died after the move had begun, and the agent still has a shard",
    },
    {
      move: BACK,
      at: seen(boundTo("s1", "m-1-undo"), [session("s2")], { reporting: new Set(["s2"]) }),
      reason: "TARGET_NOT_REPORTING",
      why: "a rollback takes no agent to a dead shard either",
    },
  ])("$reason: $why", ({ move, at, reason }) => {
    expect(nextStep(move, at)).toMatchObject({ step: "blocked", reason });
  });
});
