// With every coordinator dead the data plane continues by itself, and tells them the rest when they are back
// (static stability, BigFleet ADR-0002).

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "6");
  plane = new LiveDataPlane(fleet);
  await plane.untilInSync(6);
});
afterAll(() => fleet.dispose());

const OUTAGE_MS = 60_000;
const DOMAIN = { key: "zone", value: "a", assigned: true };

const byShard = async () => ({ s1: await plane.serves("s1"), s2: await plane.serves("s2") });

const title =
  "for a minute sessions outlive all coordinators, a shard restarts, a cluster comes, one moves, and then all is told";

test(title, { timeout: 600_000 }, async () => {
  const before = await byShard();
  expect([...before.s1, ...before.s2].sort()).toEqual(["c1", "c2", "c3", "c4", "c5", "c6"]);
  const { epoch } = await plane.status("s1");
  expect((await fleet.run("domain", "assign", "--domain", "zone=a", "--shard", "s1")).exit).toBe(0);
  await eventually(async () => (await plane.status("s1")).domains).toMatchObject([DOMAIN]);

  await Promise.all(["n1", "n2", "n3"].map((node) => fleet.kill(node)));
  const outageEndMs = performance.now() + OUTAGE_MS;
  expect((await fleet.run("cluster", "list")).exit).toBe(5);
  // Longer than reports are apart: by now they have failed, and no agent noticed.
  await eventually(async () => (await plane.status("s1")).lastReportAgeMs).toBeGreaterThan(4_000);
  expect(await byShard()).toEqual(before);

  await fleet.kill("s1");
  await eventually(() => plane.serves("s1")).toEqual([]);
  await fleet.start("s1");
  await eventually(byShard).toEqual(before);
  const restarted = await plane.status("s1");
  expect(restarted).toMatchObject({ lastReportAgeMs: undefined });
  expect(restarted.epoch).toBeGreaterThan(epoch);
  // What it was told by coordinators that are dead now, it has from its own disk.
  expect(restarted).toMatchObject({ domains: [DOMAIN] });
  expect(restarted.coordinatorTerm).toBeGreaterThan(0);

  await plane.addCluster("c7", "s1");
  await eventually(() => plane.serves("s1")).toEqual([...before.s1, "c7"]);
  const { bindings } = await plane.status("s1");
  const firstContact = { clusterId: "c7", state: BindingState.BOUND, version: 0, session: true };
  expect(bindings).toContainEqual(firstContact);

  const [moving = ""] = before.s1;
  await plane.dialByHand(moving, "s2");
  await eventually(() => plane.serves("s2")).toContain(moving);
  await plane.dialByHand(moving, "s1");
  await eventually(() => plane.serves("s1")).toContain(moving);

  const during = await byShard();
  while (performance.now() < outageEndMs) {
    expect(await byShard()).toEqual(during);
    await sleep(1_000);
  }

  await Promise.all(["n1", "n2", "n3"].map((node) => fleet.start(node)));
  await plane.untilInSync(7);
  const expected = (await plane.clusters()).map(({ clusterId }) => {
    const shardId = before.s2.includes(clusterId) ? "s2" : "s1";
    const observed = [{ shardId, session: true, bound: true }];
    return { clusterId, declared: { shardId, migration: null }, observed };
  });
  // A leader that is new again has to be told once more.
  await eventually(() => plane.clusters()).toMatchObject(expected);
  const drift = () => fleet.run("cluster", "list", "--drift", "--detailed-exitcode");
  const none = { exit: 0, stderr: expect.stringContaining("no clusters to show") };
  await eventually(drift).toMatchObject(none);
  // The shard is told which version of the binding it holds now.
  const version = Number((await plane.cluster("c7"))?.declared?.version);
  expect(version).toBeGreaterThan(0);
  await eventually(async () => (await plane.status("s1")).bindings).toContainEqual({
    ...firstContact,
    version,
  });
});
