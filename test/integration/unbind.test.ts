// `fleet cluster unbind` against a real fleet. It meets a typo, a cluster that is gone, and a migration whose agent
// will never come. It also meets an agent that is there in spite of that.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatPlan } from "../../src/client/rebind/plan-file.ts";
import { createPlan } from "../../src/core/rebind/plan.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "4");
  plane = new LiveDataPlane(fleet);
  await plane.untilInSync(4);
});
afterAll(() => fleet.dispose());

const unbind = (cluster: string, ...flags: readonly string[]) =>
  fleet.run("cluster", "unbind", "--cluster", cluster, "--timeout", "60s", ...flags);
const bind = (cluster: string, shard: string) =>
  fleet.run("cluster", "bind", "--cluster", cluster, "--shard", shard, "--timeout", "60s");
const hasDrift = async () => (await fleet.run("cluster", "list", "--detailed-exitcode")).exit;
const versionOf = async (cluster: string) => Number((await plane.cluster(cluster))?.declared?.version ?? 0);

test("a typo is undone, and nothing of it is left", async () => {
  expect((await bind("ghost", "s1")).exit).toBe(0);
  await eventually(hasDrift).toBe(8);
  expect(await unbind("ghost", "--dry-run")).toMatchObject({
    exit: 0,
    stdout: "? would unbind cluster ghost, which takes it from shard s1\n",
  });
  expect((await unbind("ghost", "--expect-version", "1")).stderr).toContain("FLEET_E_VERSION_CONFLICT");
  expect((await unbind("ghost", "--reason", "a typo")).exit).toBe(0);
  expect(await hasDrift()).toBe(0);
  expect(await unbind("ghost")).toMatchObject({
    exit: 3,
    stderr: expect.stringContaining("there is no cluster ghost"),
  });
  const { entries } = JSON.parse((await fleet.run("audit", "list", "--tail", "1", "--json")).stdout);
  const what = "unbind cluster ghost, which takes it from shard s1";
  expect(entries).toMatchObject([{ what, reason: "a typo", actor: "fleet://admin" }]);
});

test("a cluster keeps its binding while its agent is there; once that is gone, its shard forgets it", async () => {
  const owner = (await plane.cluster("c1"))?.declared?.shardId ?? "";
  const other = owner === "s1" ? "s2" : "s1";
  const inUse = await unbind("c1", "--json");
  expect(inUse.exit).toBe(9);
  expect(JSON.parse(inUse.stdout)).toMatchObject({ error: { code: "FLEET_E_CLUSTER_IN_USE" } });
  await plane.retire("c1");
  await eventually(async () => (await unbind("c1")).exit).toBe(0);
  const heldBy = async (shard: string) => (await plane.status(shard)).bindings.map((row) => row.clusterId);
  await eventually(() => heldBy(owner)).not.toContain("c1");
  await eventually(() => plane.cluster("c1")).toBeUndefined();
  expect(await hasDrift()).toBe(0);

  expect((await bind("c1", other)).exit).toBe(0);
  await plane.addCluster("c1", other);
  await eventually(() => plane.cluster("c1")).toMatchObject({
    drift: "none",
    declared: { shardId: other },
    observed: [{ shardId: other, session: true }],
  });
});

test("a migration whose agent never comes is ended by force, and those who go on with it are told", async () => {
  expect((await bind("ghost", "s1")).exit).toBe(0);
  const route = ["--cluster", "ghost", "--to", "s2", "--command", "true"];
  // Of version 1, as earlier builds wrote it: its migration has no journal.
  const file = join(fleet.home, "ghost.yaml");
  const executor = { kind: "command", command: "true" } as const;
  await writeFile(
    file,
    formatPlan(createPlan("ghost-to-s2", executor, [{ cluster: "ghost", from: "s1", to: "s2" }])),
  );
  for (const run of [
    ["rebind", ...route],
    ["rebind", "rollback", "--cluster", "ghost", "--command", "true"],
  ]) {
    const hung = await fleet.run(...run, "--timeout", "5s");
    expect(hung).toMatchObject({
      exit: 6,
      stdout: expect.stringContaining("cluster unbind ghost"),
    });
  }
  expect(await unbind("ghost")).toMatchObject({
    exit: 9,
    stderr: expect.stringMatching(/FLEET_E_MIGRATION_UNDER_WAY[\s\S]*unbind ghost --force/),
  });
  expect((await unbind("ghost", "--force")).exit, "nobody was there to be asked").toBe(2);
  const running = fleet.launch("rebind", "rollback", "--cluster", "ghost", "--command", "true");
  expect(await running.says(/ghost: wait-session/)).toBe(true);
  const ended = await unbind("ghost", "--force", "--yes");
  expect(ended).toMatchObject({ exit: 0, stdout: expect.stringContaining("and ends migration ghost-to-s2") });
  const unknown = { exit: 9, stdout: expect.stringContaining("CLUSTER_UNKNOWN") };
  expect(await running.ended()).toMatchObject(unknown);
  const stale = { exit: 9, stderr: expect.stringContaining("CLUSTER_UNKNOWN") };
  expect(await fleet.run("rebind", "apply", file, "--yes")).toMatchObject(stale);
  expect(await fleet.run("rebind", "rollback", file)).toMatchObject(unknown);
  expect((await fleet.run("rebind", ...route)).exit).toBe(3);
  expect((await fleet.run("rebind", "rollback", "--cluster", "ghost")).exit).toBe(3);
  expect(await hasDrift()).toBe(0);
  await rm(file);
});

test("an agent that still dials binds its cluster again by first contact", async () => {
  const { shardId } = (await plane.cluster("c2"))?.declared ?? {};
  const before = await versionOf("c2");
  expect((await unbind("c2", "--force", "--yes")).exit).toBe(0);
  await eventually(() => versionOf("c2")).toBeGreaterThan(before);
  await eventually(() => plane.cluster("c2")).toMatchObject({ drift: "none", declared: { shardId } });
});

test("a shard that is emptied by unbinding can leave", async () => {
  const named = (await plane.clusters()).filter(({ declared }) => declared?.shardId === "s1");
  expect((await fleet.run("shard", "drain", "s1")).exit).toBe(0);
  for (const { clusterId } of named) {
    await plane.retire(clusterId);
    await eventually(async () => (await unbind(clusterId)).exit).toBe(0);
  }
  expect((await fleet.run("shard", "drain", "s1", "--wait", "--timeout", "60s")).exit).toBe(0);
  expect((await fleet.run("shard", "remove", "s1")).exit).toBe(0);
  // It runs here still, and a start does not count it.
  const { stdout } = await fleet.run("up", "-o", "json");
  expect(JSON.parse(stdout)).toMatchObject({ shards: 1, notes: [expect.stringContaining("s1 runs here")] });
});
