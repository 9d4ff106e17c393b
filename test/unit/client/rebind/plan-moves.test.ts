// Which move a plan makes of where a cluster is owned and served.
import { expect, test, vi } from "vitest";
import { makePlan } from "../../../../src/client/rebind/make-plan.ts";
import { runPlan } from "../../../../src/client/rebind/run-plan.ts";
import { fakeTime } from "../../fake-time.ts";
import { begin } from "../../fleet/replica.ts";
import { MovingFleet } from "./moving-fleet.ts";
import { cutOffEverywhere, options, rebind, rest, toS2, wholly } from "./one-move.ts";

vi.mock("node:timers/promises", async () => (await import("../../fake-time.ts")).promisedTimers);
fakeTime("performance", "setTimeout");

test("what is owned and served where asked for is nothing to move", async () => {
  const fleet = MovingFleet.withClusters("c1");
  expect((await makePlan(fleet, { ...toS2, to: "s1" })).moves).toEqual([]);
});

test("a cluster whose agent went elsewhere is brought back to its owner", async () => {
  const fleet = MovingFleet.withClusters("c1");
  fleet.dialByHand("c1", "s2");
  const plan = await makePlan(fleet, { ...toS2, to: "s1" });
  expect(plan.moves).toMatchObject([{ from: "s2", to: "s1" }]);
  await runPlan(fleet, plan, fleet, options);
  expect(rest(fleet)).toEqual(wholly("s1"));
});

test("and the same command finishes that, cut off anywhere", async () => {
  const strayed = async () => {
    const fleet = MovingFleet.withClusters("c1");
    fleet.dialByHand("c1", "s2");
    return fleet;
  };
  const bringBack = async (fleet: MovingFleet) =>
    runPlan(fleet, await makePlan(fleet, { ...toS2, to: "s1" }), fleet, options);
  await cutOffEverywhere(strayed, bringBack, async (fleet, after) => {
    const { error } = await bringBack(fleet);
    expect(error, `cut off after ${after}`).toBeNull();
    expect(rest(fleet), `cut off after ${after}`).toEqual(wholly("s1"));
  });
});

test("or its owner is declared to be where it is", async () => {
  const fleet = MovingFleet.withClusters("c1");
  fleet.dialByHand("c1", "s2");
  await rebind(fleet);
  expect(rest(fleet)).toEqual(wholly("s2"));
});

test("somebody else's migration of the cluster is not overruled", async () => {
  const fleet = MovingFleet.withClusters("c1");
  fleet.replica.apply(begin("c1", "s1", "s2", "other"));
  const { report } = await runPlan(fleet, await makePlan(fleet, { ...toS2, to: "s1" }), fleet, options);
  expect(report.moves).toMatchObject([
    { result: "blocked", why: expect.stringMatching(/^MIGRATION_UNDER_WAY/) },
  ]);
});

test.each([
  { request: { ...toS2, to: "s9" }, code: "SHARD_UNKNOWN" },
  { request: { ...toS2, clusters: ["c9"] }, code: "CLUSTER_UNKNOWN" },
])("$code is said before anything else", async ({ request, code }) => {
  await expect(makePlan(MovingFleet.withClusters("c1"), request)).rejects.toMatchObject({ code });
});
