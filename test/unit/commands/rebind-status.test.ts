import { afterEach, expect, test, vi } from "vitest";
import RebindStatus from "../../../src/commands/rebind/status.ts";
import { Plan, PlanState } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

Object.assign(client, {
  listPlans: async () => ({ plans: [Plan.fromPartial({ planId: "p1", state: PlanState.DRAFT, steps: 3 })] }),
  listPlanSteps: async () => ({ steps: [] }),
});
afterEach(() => vi.clearAllMocks());

test.each([
  { argv: ["p1"], says: "all of them: --steps", why: "some may be there that are not notable" },
  { argv: ["p1", "--steps"], says: "apply its file again", why: "none is there" },
])("rebind status $argv without a row: $why", async ({ argv, says }) => {
  const { stderr, exit } = await run(RebindStatus, "rebind:status", argv);
  expect(exit).toBe(0);
  expect(stderr).toContain(says);
  expect(stderr.includes("--steps")).toBe(!argv.includes("--steps"));
});
