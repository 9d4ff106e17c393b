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
  listPlans: async () => ({
    plans: [
      Plan.fromPartial({ planId: "p1", state: PlanState.DRAFT, steps: 3 }),
      Plan.fromPartial({ planId: "p2", state: PlanState.RUNNING, runner: "vm:9188", steps: 3 }),
    ],
    runners: [{ planId: "p2", silentMs: 192_000 }],
  }),
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

test.each([
  { argv: [], shows: true, why: "the list has all plans" },
  { argv: ["p2"], shows: true, why: "it is the plan's" },
  { argv: ["p1"], shows: false, why: "it is another plan's" },
])("rebind status $argv and a silent runner: $why", async ({ argv, shows }) => {
  const { stdout, exit } = await run(RebindStatus, "rebind:status", argv);
  expect(exit).toBe(0);
  const says = "its runner vm:9188 has given no sign for 3m12s; continue it with: fleet rebind resume p2";
  expect(stdout.includes(says)).toBe(shows);
});
