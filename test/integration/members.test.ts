// Members that come and go by command while the fleet is written to, with real processes. Growing from one to five
// and shrinking back loses nothing. A change that would cost the quorum is refused, and a removed member is told so.
// The tests share a fleet, in any order: each makes the members that it needs.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import { addNode, dropNode } from "../../src/client/files/fleet-file.ts";
import { fleetFilePath, processFiles } from "../../src/client/files/layout.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { writeNodeCertificate } from "../../src/client/local/staging.ts";
import { present } from "../../src/core/base/assert.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import type { ListMembersResponse } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { memberRoleWord } from "../../src/ui/model/words.ts";
import { reservePorts } from "../reserved-ports.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
/** Members that `haveVoters` has added: a name is never given twice. */
let spares = 0;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1", "--profile", "wan");
});
afterAll(() => fleet.dispose());

/** Runs `fleet member …`, which must succeed, and returns its report. */
async function member(...args: readonly string[]) {
  const ran = await fleet.run("member", ...args, "--json");
  expect(ran, ran.stderr + ran.stdout).toMatchObject({ exit: 0 });
  return JSON.parse(ran.stdout);
}

/** The members by role, as a fresh client sees them: the nodes of its target may be others than before. */
async function roles(): Promise<Record<string, string>> {
  const { members } = await list();
  return Object.fromEntries(members.map(({ member: row, role }) => [row?.name ?? "", memberRoleWord(role)]));
}

async function list(): Promise<ListMembersResponse> {
  const fresh = await fleet.connect();
  try {
    return await fresh.listMembers({ deadlineMs: 20_000 });
  } finally {
    fresh.close();
  }
}

/** Makes it `count` voters, by additions or by removals of followers. Returns their names and the leader's. */
async function haveVoters(count: number): Promise<{ leader: string; voters: string[] }> {
  for (let left = count - (await voters()).length; left > 0; left -= 1) {
    spares += 1;
    await member("add", "--name", `v${spares}`, "--wait");
  }
  const fresh = await fleet.connect();
  const leader = leaderOf(await fleet.untilStatus(fresh, ({ leader: id }) => id !== null));
  fresh.close();
  const followers = (await voters()).filter((name) => name !== leader);
  for (const name of followers.slice(count - 1)) await member("remove", "--name", name, "--yes");
  expect(await voters()).toHaveLength(count);
  return { leader, voters: await voters() };
}

async function voters(): Promise<string[]> {
  return Object.entries(await roles()).flatMap(([name, role]) => (role === "voter" ? [name] : []));
}

test("growing from one to five under writes loses nothing, nor does shrinking to one, the leader going first", async () => {
  const { voters: first } = await haveVoters(1);
  const one = await fleet.connect();
  const growing = startWriter(one, "grow");
  const added = ["g2", "g3", "g4", "g5"];
  for (const name of added) await member("add", "--name", name, "--wait", "--reason", "growth");
  expect(await roles()).toEqual(Object.fromEntries([...first, ...added].map((name) => [name, "voter"])));
  await expectNothingLost(growing, "grow");
  one.close();

  const five = await fleet.connect();
  const isWhole = ({ verdict, nodes }: FleetStatus) => verdict === "healthy" && nodes.length === 5;
  const leader = leaderOf(await fleet.untilStatus(five, isWhole));
  const shrinking = startWriter(five, "shrink");
  const others = [...first, ...added].filter((name) => name !== leader);
  for (const name of [leader, ...others.slice(0, 3)]) await member("remove", "--name", name, "--yes");
  const [last = ""] = others.slice(3);
  expect(await roles()).toEqual({ [last]: "voter" });
  await expectNothingLost(shrinking, "shrink");
  five.close();
});

function startWriter(writing: FleetClient, drillId: string): SteadyWriter {
  return new SteadyWriter(writing, {
    drillId,
    rate: 40,
    now: () => performance.now(),
    onEvent: () => undefined,
  });
}

async function expectNothingLost(writer: SteadyWriter, drillId: string): Promise<void> {
  const writes = await writer.stop();
  const fresh = await fleet.connect();
  const { probes } = await fresh.listProbes(drillId, { deadlineMs: 20_000 });
  fresh.close();
  const verdict = judgeWrites(writes, probes);
  expect(verdict).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
  expect(verdict.counts.acknowledged).toBeGreaterThan(20);
}

test("a learner stays one until it is promoted", async () => {
  const before = Object.keys(await roles());
  await member("add", "--name", "l1", "--learner", "--wait");
  const fresh = await fleet.connect();
  await fleet.untilStatus(fresh, ({ nodes, leader }) => {
    const learner = nodes.find((node) => node.name === "l1");
    return leader !== null && learner?.lag === 0;
  });
  fresh.close();
  expect(await roles()).toMatchObject({ l1: "learner" });
  await fleet.kill("l1");
  await fleet.start("l1");
  expect(await roles()).toMatchObject({ l1: "learner" });
  await member("promote", "--name", "l1", "--wait");
  expect(await roles()).toMatchObject({ l1: "voter" });
  expect(before).not.toContain("l1");
});

test("how a node elsewhere is started is said before it is waited for, and not again", async () => {
  const [found] = (await list()).members;
  const { name, address } = present(found?.member, "the fleet has a member");
  const added = await fleet.run("member", "add", "--name", name, "--address", address, "--wait");
  expect([added.exit, added.stderr.match(/start it there with/g)?.length]).toEqual([0, 1]);
  expect(added.stdout).toMatch(new RegExp(`^● ${name} is a member already .*\\n$`));
  const asJson = await member("add", "--name", name, "--address", address, "--wait");
  expect(asJson).toMatchObject({ notes: [expect.stringContaining("cert issue"), expect.any(String)] });
});

test("a change under an index that has passed is refused, and so is a dry run of it", async () => {
  const { configurationIndex } = await list();
  const stale = ["--expect-index", String(configurationIndex - 1)];
  const refused = await fleet.run("member", "add", "--name", "x1", ...stale);
  expect(refused.stderr).toContain("FLEET_E_CONFIGURATION_CHANGED");
  expect(refused.exit).toBe(9);
  expect(
    await member("add", "--name", "x1", "--expect-index", String(configurationIndex), "--dry-run"),
  ).toMatchObject({
    changed: true,
    dryRun: true,
  });
  expect(Object.keys(await roles())).not.toContain("x1");
});

test("a change whose answer was lost is recognised when it is repeated under its old index", async () => {
  const before = (await list()).configurationIndex;
  const line = ["add", "--name", "y1", "--learner", "--expect-index", String(before)];
  const first = await member(...line);
  expect(first).toMatchObject({ changed: true });
  expect(await member(...line)).toMatchObject({ changed: false });
  // It comes in of its own accord, which moves the index once more.
  await expect.poll(roles).toMatchObject({ y1: "learner" });
  const between = (await list()).configurationIndex;
  const gone = [
    "remove",
    "--name",
    "y1",
    "--yes",
    "--expect-index",
    String(between),
    "--reason",
    "not needed",
  ];
  expect(await member(...gone)).toMatchObject({ changed: true });
  expect(await member(...gone)).toMatchObject({ changed: false });
  const audit = await fleet.run("audit", "list", "--json");
  const { entries } = JSON.parse(audit.stdout);
  expect(entries.at(-1)).toMatchObject({ what: expect.stringMatching(/^remove node/), reason: "not needed" });
});

test("a reason that is too long is refused before the configuration changes", async () => {
  const { configurationIndex } = await list();
  const [name = ""] = await voters();
  const ran = await fleet.run("member", "remove", "--name", name, "--yes", "--reason", "é".repeat(600));
  expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("FLEET_E_REASON_TOO_LONG") });
  expect((await list()).configurationIndex).toBe(configurationIndex);
});

test("a removal that would cost the quorum is refused, with the arithmetic; that of the dead node is not", async () => {
  const { leader, voters: three } = await haveVoters(3);
  const [dead = "", alive = ""] = three.filter((name) => name !== leader);
  await fleet.kill(dead);
  await expect
    .poll(async () => (await list()).members.find(({ member: row }) => row?.name === dead)?.answers)
    .toBe(false);
  const refused = await fleet.run("member", "remove", "--name", alive, "--yes");
  expect(refused.exit).toBe(9);
  expect(refused.stderr).toContain("FLEET_E_QUORUM_WOULD_BE_LOST");
  expect(refused.stderr).toContain(`their quorum is 2 of 2, and only 1 of them answers: ${dead} does not`);
  await member("remove", "--name", dead, "--yes");
  expect(Object.keys(await roles()).sort()).toEqual([leader, alive].sort());
});

test("a replacement that is interrupted is finished by the same command", async () => {
  await member("add", "--name", "p1", "--wait");
  const [old = ""] = Object.keys(await roles()).filter((name) => name !== "p1");
  const line = ["member", "replace", old, "--with", "p2", "--yes"];
  const first = fleet.launch(...line);
  await first.says(/starting p2/);
  first.signal("SIGKILL");
  await first.ended();
  const { member: fresh } = await member(...line.slice(1));
  expect(fresh).toMatchObject({ name: "p2" });
  const after = await roles();
  expect(after).toMatchObject({ p1: "voter", p2: "voter" });
  expect(Object.keys(after)).not.toContain(old);
  expect(await member(...line.slice(1))).toMatchObject({ changed: false });
});

test("a replacement hands leadership over first when the leader goes", async () => {
  const { leader } = await haveVoters(3);
  const before = Object.keys(await roles()).length;
  await member("replace", leader, "--with", "p3", "--yes");
  const after = await roles();
  expect(after).toMatchObject({ p3: "voter" });
  expect(Object.keys(after)).toHaveLength(before);
  expect(Object.keys(after)).not.toContain(leader);
});

test("a removed process that runs on is told, and its number is not given again", async () => {
  const { member: added } = await member("add", "--name", "r1", "--wait");
  const fresh = await fleet.connect();
  const remove = { $case: "remove", value: { name: "r1" } } as const;
  const order = { expectedConfigurationIndex: undefined, reason: "", dryRun: false };
  await fresh.changeMembership({ ...order, change: remove }, 20_000);
  const { log } = processFiles(fleet.directory, "r1");
  await expect.poll(() => readFile(log, "utf8")).toMatch(/removed from the fleet/);
  const id = Number(added.nodeId);
  const again = {
    $case: "add",
    value: { nodeId: id, name: "r2", address: "127.0.0.1:1", learner: false },
  } as const;
  await expect(fresh.changeMembership({ ...order, change: again })).rejects.toMatchObject({
    code: "MEMBER_REMOVED",
  });
  fresh.close();
  // What the command would have done here is done when it is run.
  expect(await member("remove", "--name", "r1", "--yes")).toMatchObject({ changed: false });
});

test("a node that was never added is refused, and its log says why", async () => {
  const [address = ""] = await reservePorts(fleet.home, 1);
  const stranger = { id: 99, name: "n99", address };
  const path = fleetFilePath(fleet.directory);
  await mkdir(processFiles(fleet.directory, stranger.name).data, { recursive: true });
  await writeNodeCertificate(fleet.directory, stranger);
  await writeFile(path, addNode(await readFile(path, "utf8"), stranger));
  await fleet.start(stranger.name);
  const { log } = processFiles(fleet.directory, stranger.name);
  await expect.poll(() => readFile(log, "utf8")).toMatch(/no member has the number 99/);
  expect(Object.keys(await roles())).not.toContain(stranger.name);
  await fleet.kill(stranger.name);
  await writeFile(path, dropNode(await readFile(path, "utf8"), stranger.name));
});
