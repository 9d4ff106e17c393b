import { expect, test } from "vitest";
import { planSummary, stalePlan } from "../../../../src/client/rebind/plan-check.ts";
import type { NextStep } from "../../../../src/core/rebind/next-step.ts";
import { createPlan } from "../../../../src/core/rebind/plan.ts";

const moves = ["c1", "c2", "c3"].map((cluster, at) => ({ cluster, from: at === 2 ? "s3" : "s1", to: "s2" }));
const plan = createPlan("drain", { kind: "local" }, moves);
const begin: NextStep = { step: "begin", supersedes: "" };
const blocked: NextStep = { step: "blocked", reason: "OWNER_CHANGED", why: "the owner now is s9" };

test.each([
  {
    steps: [begin, begin, begin],
    summary: "plan drain: 3 of 3 clusters to move (2 from s1 to s2, 1 from s3 to s2)",
    stale: 0,
    why: "all of it",
  },
  {
    steps: [{ step: "done" } as NextStep, { step: "settle" } as NextStep, begin],
    summary: "plan drain: 2 of 3 clusters to move (1 from s1 to s2, 1 from s3 to s2); 1 done already",
    stale: 0,
    why: "a plan that was interrupted is not stale",
  },
  {
    steps: [begin, blocked, begin],
    summary:
      "plan drain: 2 of 3 clusters to move (1 from s1 to s2, 1 from s3 to s2); 1 left out, since they no longer fit",
    stale: 1,
    why: "somebody moved one",
  },
])("$summary: $why", ({ steps, summary, stale }) => {
  const found = planSummary(plan, steps);
  expect({ summary: found.summary, stale: found.stale.length }).toEqual({ summary, stale });
});

test("a stale plan names what changed", () => {
  const { stale } = planSummary(plan, [begin, blocked, begin]);
  expect(stalePlan(plan, stale)).toMatchObject({
    code: "PLAN_STALE",
    parts: {
      exit: 9,
      what: "plan drain no longer fits: 1 of its 3 moves; nothing was changed",
      why: "c2: OWNER_CHANGED: the owner now is s9",
    },
  });
});
