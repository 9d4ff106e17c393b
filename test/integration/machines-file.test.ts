// A shard and the file of its machines, which an operator edits while it serves.

import { afterEach, beforeEach, expect, test } from "vitest";
import { DataPlane, eventually, machines, wants } from "./data-plane-fixture.ts";

let plane: DataPlane;

beforeEach(async () => {
  plane = await DataPlane.create();
});
afterEach(() => plane.close());

test("machines that are listed anew are given and taken away; a list that cannot be used changes nothing", async () => {
  const coordinator = await plane.coordinator();
  const scheduling = { machines, cycleIntervalMs: 50, coordinators: [coordinator.address] };
  const s1 = await plane.shard("s1", scheduling);
  await plane.agent("c1", s1.address, {}, wants(12));
  const lacks = () => coordinator.reports.at(-1)?.shortfalls.map(({ deficit }) => deficit["machines"]);
  await eventually(lacks).toEqual([2]);
  await s1.relist('machines: [{instanceType: small, zone: a, count: "20"}]');
  await s1.relist("machines: [");
  expect(s1.log.errors).toMatchObject([
    { fields: { error: expect.stringContaining("s1-machines.yaml:1: machines[0].count must be") } },
    {
      fields: {
        error: expect.stringContaining("s1-machines.yaml:1:"),
        next: expect.stringContaining("SIGHUP"),
      },
    },
  ]);
  expect(await plane.status(s1.address)).toMatchObject({ summary: { machinesTotal: 10, machinesFree: 0 } });
  await s1.relist("machines: [{instanceType: small, zone: a, count: 20}]");
  await eventually(lacks).toEqual([]);
  expect(coordinator.reports.at(-1)?.summary).toMatchObject({ machinesTotal: 20, machinesFree: 8 });
  await s1.relist("machines: [{instanceType: small, zone: a, count: 5}]");
  await eventually(lacks).toEqual([7]);
});
