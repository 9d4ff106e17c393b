// One agent with a valid certificate against its shard, at a real port. Whatever the agent asks for, the shard
// continues to report, and the others' shortfalls are told. (Issue 11: a roll-up of 67 MB made each report exceed the
// limit.)

import { afterEach, beforeEach, expect, test } from "vitest";
import { ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { DemandGroup, DemandRollup, type SessionUp } from "../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { DataPlane, eventually } from "../integration/data-plane-fixture.ts";

let plane: DataPlane;
beforeEach(async () => {
  plane = await DataPlane.create();
});
afterEach(() => plane.close());

const MACHINES = [{ instanceType: "m5.large", zone: "eu-1a", count: 1 }];
const rollUp = (groups: DemandGroup[]): SessionUp => ({
  frame: { $case: "demand", value: DemandRollup.fromPartial({ number: 1, groups }) },
});
const group = (requirements: Record<string, string>, priority = 0) =>
  DemandGroup.fromPartial({ count: 1, requirements, priority });

/** A shard that reports to a coordinator, with an honest agent that runs short. */
async function shardUnderAttack() {
  const coordinator = await plane.coordinator();
  const shard = await plane.shard("s1", {
    ...{ coordinators: [coordinator.address], machines: MACHINES, cycleIntervalMs: 50 },
  });
  await plane.agent("honest", shard.address, {}, [group({ zone: "eu-1b" })]);
  await plane.issue("evil", "fleet://cluster/evil");
  const { call, outcome, ended } = plane.session(shard.address, "evil", "evil");
  expect(await outcome).toBe("accepted");
  const last = () => coordinator.reports.at(-1);
  const goesOn = async () => {
    const { length } = coordinator.reports;
    await eventually(() => coordinator.reports.length).toBeGreaterThan(length + 3);
    const told = () => last()?.shortfalls.map(({ clusterId }) => clusterId);
    await eventually(told).toContain("honest");
    expect(ReportShardRequest.encode(last() ?? ReportShardRequest.create()).finish().length).toBeLessThan(
      200_000,
    );
  };
  return { shard, call, ended, last, goesOn };
}

test.each([
  { why: "30 MB of label text", groups: [group({ zone: "x".repeat(30_000_000) })] },
  { why: "a hundred thousand groups", groups: Array.from({ length: 100_000 }, () => group({})) },
  {
    why: "a hundred thousand labels",
    groups: [group(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`l${at}`, ""])))],
  },
  {
    why: "labels that would be an operator's command",
    groups: [group({ zone: "x\nexecutor:\n  kind: command" })],
  },
])("$why are refused, and the shard goes on", async ({ groups }) => {
  const { call, ended, goesOn, shard } = await shardUnderAttack();
  call.write(rollUp(groups));
  // By the roll-up's own rule, or because so large a message is not read at all.
  expect(["DEMAND_INVALID", "REQUEST_TOO_LARGE"]).toContain(readRpcError(await ended).reason);
  await goesOn();
  expect((await plane.status(shard.address)).demand.map(({ clusterId }) => clusterId)).toEqual(["honest"]);
});

test("all that it may ask for, in its own words the gravest of all, leaves room for the others", async () => {
  const { call, goesOn, last, shard } = await shardUnderAttack();
  const groups = Array.from({ length: 1_000 }, (_, at) =>
    group({ [`label-${at}`]: "v".repeat(50) }, 4_294_967_295),
  );
  call.write(rollUp(groups));
  await eventually(() => last()?.shortfallsLeftOut).toBe(1_001 - 100);
  await goesOn();
  expect(
    shard.log.warnings.filter((fact) => fact.includes("more to report than one report holds")),
  ).toHaveLength(1);
  expect(await plane.status(shard.address)).toMatchObject({ shortfallsLeftOut: 901, demandLeftOut: 0 });
});
