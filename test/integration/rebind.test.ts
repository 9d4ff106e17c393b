// `fleet rebind` against a real fleet. It is killed at each of its steps and run again, planned, undone, and run by a
// command of the operator's. Another operator overtakes it, and it meets a failover. The crash points within steps
// are enumerated in test/unit/client/rebind; here the processes are real.

import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { formatPlan, readPlan } from "../../src/client/rebind/plan-file.ts";
import { createPlan } from "../../src/core/rebind/plan.ts";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const CLUSTERS = 12;

let fleet: TestFleet;
let plane: LiveDataPlane;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "3", "--clusters", String(CLUSTERS));
  plane = new LiveDataPlane(fleet);
  client = await fleet.client();
  await plane.untilInSync(CLUSTERS);
});
afterAll(() => fleet.dispose());
// A test that fails must not leave something paused for the next ones.
afterEach(async () => {
  for (const name of ["agents", "s1", "s2", "s3"]) await fleet.resume(name);
});

async function ownerOf(cluster: string): Promise<string> {
  return (await plane.cluster(cluster))?.declared?.shardId ?? "";
}

/** Where `cluster` is, and a shard where it is not. */
async function route(cluster: string): Promise<{ readonly from: string; readonly to: string }> {
  const from = await ownerOf(cluster);
  return { from, to: from === "s1" ? "s2" : "s1" };
}

/** Owned by `shard` and served there alone, let go by the one before it, and no migration left. */
async function expectWholly(cluster: string, shard: string, former: string): Promise<void> {
  await eventually(() => plane.cluster(cluster)).toMatchObject({
    drift: "none",
    declared: { shardId: shard, migration: null },
    observed: [{ shardId: shard, session: true, bound: true }],
  });
  const rowAt = async (at: string) =>
    (await plane.status(at)).bindings.find(({ clusterId }) => clusterId === cluster);
  // A command that was killed after its last write has not waited for the shards to hear of it.
  await eventually(() => rowAt(shard)).toMatchObject({ state: BindingState.BOUND, session: true });
  const released = { state: BindingState.RELEASED };
  await eventually(async () => (await rowAt(former)) ?? released).toMatchObject(released);
  const dialed = (await plane.agents()).find((agent) => agent.cluster === cluster)?.shardAddr;
  expect(dialed).toBe(await plane.addressOf(shard));
}

test.each([
  { step: "begin", cluster: "c7", holder: null },
  { step: "move-agent", cluster: "c8", holder: null },
  { step: "wait-session", cluster: "c9", holder: "agents" },
  { step: "wait-release", cluster: "c10", holder: "source" },
  { step: "settle", cluster: "c11", holder: null },
])(
  "a move of $cluster killed at $step is finished by the same command",
  async ({ step, cluster, holder }) => {
    const { from, to } = await route(cluster);
    // A process that does not answer keeps the move at its step.
    const held = holder === "source" ? from : holder;
    if (held !== null) await fleet.pause(held);
    const running = fleet.launch("rebind", "--cluster", cluster, "--to", to);
    // Where nothing holds it, it may be further on when the signal comes: it is cut off somewhere after its line.
    await running.says(new RegExp(`${cluster}: ${step}`));
    running.signal("SIGKILL");
    const cut = await running.ended();
    if (held !== null) {
      expect(cut.exit).toBe(-1);
      expect(cut.stderr).toContain(step);
      expect(cut.stderr).not.toContain("settle");
      await fleet.resume(held);
    }
    const again = await fleet.run("rebind", "--cluster", cluster, "--to", to);
    expect(again, again.stderr).toMatchObject({ exit: 0 });
    await expectWholly(cluster, to, from);
  },
);

/** A file as earlier builds wrote it for named clusters: it has no journal. */
async function planOfVersion1(cluster: string, { from, to }: { readonly from: string; readonly to: string }) {
  const name = `${cluster}-to-${to}-v${(await plane.cluster(cluster))?.declared?.version}`;
  const file = join(fleet.home, `${name}.yaml`);
  await writeFile(file, formatPlan(createPlan(name, { kind: "local" }, [{ cluster, from, to }])));
  return file;
}

test("named clusters are planned in waves, moved, and moved back", async () => {
  const { from, to } = await route("c6");
  const planned = await fleet.run("rebind", "plan", "c6", "--to", to);
  expect(planned.exit, planned.stderr).toBe(0);
  const file = join(fleet.home, "named.yaml");
  await writeFile(file, planned.stdout);
  expect(await readPlan(file)).toMatchObject({ version: 2, moves: [{ cluster: "c6", from, to }] });
  const applied = await fleet.run("rebind", "apply", file, "--yes", "--reason", "room");
  expect(applied.exit, applied.stderr).toBe(0);
  await expectWholly("c6", to, from);
  const back = await fleet.run("rebind", "rollback", file, "--yes", "--reason", "not today");
  expect(back.exit, back.stderr).toBe(0);
  await expectWholly("c6", from, to);
});

test("a plan of version 1 is applied again after it was killed, and rolled back from its end", async () => {
  const { from, to } = await route("c2");
  const file = await planOfVersion1("c2", { from, to });
  expect((await readPlan(file)).moves).toMatchObject([{ cluster: "c2", from, to }]);

  await fleet.pause("agents");
  const running = fleet.launch("rebind", "apply", file, "--yes");
  expect(await running.says(/c2: wait-session/)).toBe(true);
  running.signal("SIGKILL");
  await running.ended();
  await fleet.resume("agents");
  expect(await plane.cluster("c2")).toMatchObject({ drift: "migrating", declared: { shardId: to } });

  expect((await fleet.run("rebind", "apply", file, "--yes")).exit).toBe(0);
  await expectWholly("c2", to, from);
  expect((await fleet.run("rebind", "rollback", file)).exit).toBe(0);
  await expectWholly("c2", from, to);
  // Nothing is left to undo.
  expect((await fleet.run("rebind", "rollback", file)).exit).toBe(0);
  await expectWholly("c2", from, to);
});

test.each(["by its plan", "by its cluster"])("a move stopped half-way is undone %s", async (how) => {
  const { from, to } = await route("c3");
  const file = await planOfVersion1("c3", { from, to });
  await fleet.pause("agents");
  const running = fleet.launch("rebind", "apply", file, "--yes");
  expect(await running.says(/c3: wait-session/)).toBe(true);
  running.signal("SIGINT");
  expect(await running.ended()).toMatchObject({ exit: 130, stderr: expect.stringContaining("rollback") });
  await fleet.resume("agents");

  const back = how === "by its plan" ? [file] : ["--cluster", "c3"];
  const ran = await fleet.run("rebind", "rollback", ...back, "--reason", "not today");
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  await expectWholly("c3", from, to);
});

test("a rollback that was stopped half-way is finished, not turned around, by running it again", async () => {
  const { from, to } = await route("c12");
  await fleet.pause("agents");
  for (const { args, dials } of [
    { args: ["--cluster", "c12", "--to", to], dials: to },
    { args: ["rollback", "--cluster", "c12"], dials: from },
  ]) {
    const running = fleet.launch("rebind", ...args);
    expect(await running.says(/c12: move-agent/)).toBe(true);
    // Killed before the file is written, it would have left nothing to roll back.
    const address = await plane.addressOf(dials);
    const dialed = async () => (await plane.agents()).find(({ cluster }) => cluster === "c12")?.shardAddr;
    await eventually(dialed).toBe(address);
    running.signal("SIGKILL");
    await running.ended();
  }
  await fleet.resume("agents");
  const ran = await fleet.run("rebind", "rollback", "--cluster", "c12");
  // The signal may have come after the first one's end: then no migration is left to undo.
  expect([0, 9]).toContain(ran.exit);
  await expectWholly("c12", from, to);
});

describe("a command that restarts agents", () => {
  // As an operator's own tool would: it edits the deployed address and restarts what reads it.
  const script = `
    import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
    const [fleet, cluster, from, to, address] = process.argv.slice(2);
    appendFileSync("moved.log", [cluster, from, to, address].join(" ") + "\\n");
    if (existsSync("broken")) { console.error("the registry is down"); process.exit(3); }
    const file = fleet + "/agents/agents.yaml";
    const lines = readFileSync(file, "utf8").split("\\n");
    const at = lines.findIndex((line) => line.trim() === "- cluster: " + cluster);
    lines[at + 1] = "    shardAddr: " + address;
    writeFileSync(file, lines.join("\\n"));
    process.kill(JSON.parse(readFileSync(fleet + "/agents/pid", "utf8")).pid, "SIGHUP");
  `;

  test("gets the names and the address; when it fails, that is said, and the move goes on when run again", async () => {
    await writeFile(join(fleet.home, "move-agent.mjs"), script);
    await writeFile(join(fleet.home, "broken"), "");
    const { from, to } = await route("c4");
    const { from: other, to: otherTo } = await route("c5");
    const command = `'${process.execPath}' move-agent.mjs '${fleet.directory}' {cluster} {from} {to} {address}`;
    const rebind = ["rebind", "--cluster", "c4", "--to", to, "--command", command];

    const failed = await fleet.run(...rebind);
    expect(failed).toMatchObject({ exit: 1, stderr: expect.stringContaining("FLEET_E_EXECUTOR_FAILED") });
    expect(failed.stderr).toContain("the registry is down");
    expect(failed.stdout).toMatch(/c4 .*failed +move-agent/);
    const asJson = await fleet.run(...rebind, "--json");
    expect(asJson.exit).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      kind: "Rebind",
      moves: [{ cluster: "c4", result: "failed" }],
      error: { code: "FLEET_E_EXECUTOR_FAILED" },
    });
    expect(await plane.cluster("c4")).toMatchObject({ declared: { shardId: to }, drift: "migrating" });
    expect(await plane.serves(from)).toContain("c4");

    await rm(join(fleet.home, "broken"));
    expect((await fleet.run(...rebind)).exit).toBe(0);
    await expectWholly("c4", to, from);
    const log = (await readFile(join(fleet.home, "moved.log"), "utf8")).trim().split("\n");
    expect(log).toEqual(Array.from({ length: 3 }, () => `c4 ${from} ${to} ${lastWord(log)}`));
    expect(lastWord(log)).toBe(await plane.addressOf(to));

    const unusable = await fleet.run("rebind", "--cluster", "c5", "--to", otherTo, "--command", "x {shard}");
    expect(unusable).toMatchObject({ exit: 2, stderr: expect.stringContaining("{shard}") });
    expect(await plane.cluster("c5")).toMatchObject({ declared: { shardId: other, migration: null } });
  });

  const lastWord = (log: readonly string[]) => log.at(-1)?.split(" ").at(-1) ?? "";
});

describe("preconditions", () => {
  test.each([
    { args: ["--cluster", "c99", "--to", "s2"], exit: 3, code: "CLUSTER_UNKNOWN" },
    { args: ["--cluster", "c5", "--to", "s9"], exit: 3, code: "SHARD_UNKNOWN" },
    { args: ["apply", "absent.yaml"], exit: 3, code: "PLAN_MISSING" },
    { args: ["rollback", "--cluster", "c5"], exit: 9, code: "NO_MIGRATION" },
    { args: ["rollback"], exit: 2, code: "USAGE" },
  ])("$code exits with $exit", async ({ args, exit, code }) => {
    const ran = await fleet.run("rebind", ...args, "--json");
    expect(ran.exit).toBe(exit);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: `FLEET_E_${code}` } });
  });

  test("a dry run says what would come, and changes nothing", async () => {
    const before = await client.listAudit();
    const { to } = await route("c5");
    const ran = await fleet.run("rebind", "--cluster", "c5", "--to", to, "--dry-run", "--json");
    expect(ran.exit).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      moves: [{ cluster: "c5", step: "begin", result: "not-started" }],
    });
    expect((await client.listAudit()).entries).toEqual(before.entries);
  });

  test("a plan that somebody else has overtaken is refused, during their move and after it", async () => {
    const { from, to } = await route("c5");
    const third = ["s1", "s2", "s3"].find((shard) => shard !== from && shard !== to) ?? "";
    const file = await planOfVersion1("c5", { from, to });
    const theirs = {
      clusterId: "c5",
      fromShard: from,
      toShard: third,
      migrationId: "theirs",
      supersedes: "",
    };
    await client.submit({ kind: { $case: "beginRebind", value: theirs } });
    const during = await fleet.run("rebind", "apply", file, "--yes");
    expect(during).toMatchObject({ exit: 9, stderr: expect.stringContaining("MIGRATION_UNDER_WAY") });
    expect((await fleet.run("rebind", "--cluster", "c5", "--to", third)).exit).toBe(0);
    const after = await fleet.run("rebind", "apply", file, "--yes");
    expect(after).toMatchObject({
      exit: 9,
      stderr: expect.stringMatching(/FLEET_E_PLAN_STALE[\s\S]*OWNER_CHANGED/),
    });
    const unasked = await fleet.run("rebind", "apply", file, "--partial");
    expect(unasked).toMatchObject({ exit: 2, stderr: expect.stringContaining("FLEET_E_NOT_CONFIRMED") });
    const partial = await fleet.run("rebind", "apply", file, "--partial", "--yes");
    expect(partial).toMatchObject({ exit: 9, stdout: expect.stringContaining("OWNER_CHANGED") });
    await expectWholly("c5", third, from);
  });

  test("a move to where the cluster is already has nothing to do", async () => {
    const owner = await ownerOf("c5");
    const ran = await fleet.run("rebind", "--cluster", "c5", "--to", owner);
    expect(ran).toMatchObject({ exit: 0, stderr: expect.stringContaining("nothing to move") });
  });
});

test("a leader killed in the middle of a move does not end it", async () => {
  const { from, to } = await route("c6");
  await fleet.pause("agents");
  const running = fleet.launch("rebind", "--cluster", "c6", "--to", to);
  expect(await running.says(/c6: wait-session/)).toBe(true);
  const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
  await fleet.kill(leader);
  await fleet.untilStatus(client, (status) => status.leader !== null && leaderOf(status) !== leader);
  await fleet.resume("agents");
  const ran = await running.ended();
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  await fleet.start(leader);
  await expectWholly("c6", to, from);
  expect(existsSync(join(fleet.directory, "lock"))).toBe(false);
});
