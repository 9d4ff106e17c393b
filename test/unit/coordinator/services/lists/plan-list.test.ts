// How long the leader has seen no sign of a plan's runner: soft, and of running plans only.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../../src/core/base/assert.ts";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { plansList } from "../../../../../src/core/coordinator/services/lists/plan-list.ts";
import { submit } from "../../../../../src/core/coordinator/services/writes/submit.ts";
import { PlanStepState } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest, SubmitRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import * as make from "../../../fleet/replica.ts";
import type { Member, TestGroup } from "../../group.ts";
import { adminOf, contextOf, ledGroup, refusalOf } from "../../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
let leadsSinceMs: number;

beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
  leadsSinceMs = group.nowMs;
  context = { ...context, leadsSince: () => leadsSinceMs };
  for (const kind of [make.raise(2), make.register("s1"), make.register("s2"), make.bind("c1", "s1")]) {
    await group.propose(leader, { kind });
  }
  const version = leader.machine.view.appliedIndex;
  await group.propose(leader, { kind: make.createPlan("p1", 1) });
  await group.propose(leader, { kind: make.addSteps("p1", 1, `c1 s1 s2 ${version}`) });
});
afterEach(() => group.close());

const write = (kind: make.OperationKind) =>
  refusalOf(group, submit(context, SubmitRequest.fromPartial({ operation: { kind } }), adminOf(group)));

/** The plan is taken now. Returns the runner's fence. */
async function taken(): Promise<number> {
  expect(await write(make.takePlan("p1"))).toBe("");
  return leader.machine.view.appliedIndex;
}

async function silences(at = context, request = {}): Promise<Record<string, number>> {
  const { runners } = await group.until(plansList(at, ListRequest.fromPartial(request), adminOf(group)));
  return Object.fromEntries(runners.map(({ planId, silentMs }) => [planId, silentMs]));
}

const LONG_MS = 60_000;

test.each<{ what: string; sign: (fence: number) => make.OperationKind }>([
  { what: "a renewal", sign: (fence) => make.renewPlan("p1", fence) },
  { what: "a step", sign: (fence) => make.advance("p1", fence, "c1", PlanStepState.UNDER_WAY) },
  { what: "another runner", sign: (fence) => make.takePlan("p1", fence) },
])("$what is a sign of the runner", async ({ sign }) => {
  const fence = await taken();
  group.nowMs += LONG_MS;
  expect((await silences())["p1"]).toBeGreaterThanOrEqual(LONG_MS);
  expect(await write(sign(fence))).toBe("");
  expect((await silences())["p1"]).toBeLessThan(LONG_MS);
});

test("a former runner's renewal is refused, and is no sign", async () => {
  await taken();
  group.nowMs += LONG_MS;
  expect(await write(make.renewPlan("p1", 1))).toBe("PLAN_FENCED");
  expect((await silences())["p1"]).toBeGreaterThanOrEqual(LONG_MS);
});

test("a leader counts from the start of its leadership", async () => {
  await taken();
  group.nowMs += LONG_MS;
  leadsSinceMs = group.nowMs;
  expect((await silences())["p1"]).toBeLessThan(LONG_MS);
});

test.each([
  { what: "a draft", before: [] },
  { what: "a paused plan", before: [make.takePlan("p1"), make.pausePlan("p1")] },
])("$what has no runner", async ({ before }) => {
  for (const kind of before) expect(await write(kind)).toBe("");
  expect(await silences()).toEqual({});
});

test("another replica has seen no runner: it sends the caller to the leader, unless an old answer will do", async () => {
  await taken();
  const other = present(
    group.members.find(({ id }) => id !== leader.id),
    "a group has followers",
  );
  await group.run(5);
  const follower = contextOf(group, other);
  const asked = plansList(follower, ListRequest.fromPartial({}), adminOf(group));
  expect(await refusalOf(group, asked)).toBe("NOT_LEADER");
  const stale = { consistency: { $case: "stale" as const, value: {} } };
  expect(await silences(follower, stale)).toEqual({});
});
