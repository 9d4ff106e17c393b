import { expect, test } from "vitest";
import { PlanRunners } from "../../../../src/core/coordinator/reports/plan-runners.ts";
import { PLANS_MAX } from "../../../../src/core/fleet/limits.ts";
import * as make from "../../fleet/replica.ts";

test("it remembers as many plans as the fleet has, the latest ones", () => {
  const runners = new PlanRunners();
  for (let at = 0; at <= PLANS_MAX; at += 1) runners.note(make.renewPlan(`p${at}`, 1), 100 + at);
  const silentMs = (plan: string) => runners.silentMs(plan, 0, 1_000);
  expect(silentMs("p0"), "since the leadership began").toBe(1_000);
  expect(silentMs("p1")).toBe(899);
  expect(silentMs(`p${PLANS_MAX}`)).toBe(900 - PLANS_MAX);
});
