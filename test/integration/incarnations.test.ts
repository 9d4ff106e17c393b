// One snapshot is restored twice, by real processes on hosts with wrong clocks: both fleets continue at the next index
// and term. A shard obeys the first, whose clock was an hour ahead. It follows the second only when an operator says
// so, and then ignores the first. A client that remembers the lost future is refused.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { present } from "../../src/core/base/assert.ts";
import { reservePorts } from "../reserved-ports.ts";
import { type Ran, runProgram, TestFleet } from "./local-fleet.ts";
import type { RunningCommand } from "./running-command.ts";
import { byShiftedDate } from "./wall-clocks.ts";

const HOUR_S = 3_600;
let fleet: TestFleet;
let running: RunningCommand[] = [];
let addresses: readonly string[] = [];

interface Restored {
  readonly clusterId: string;
  readonly index: string;
  readonly term: string;
  readonly epoch: string;
  readonly clockBehindMs: string;
}
const restored: Record<"ahead" | "right", Restored | null> = { ahead: null, right: null };
type Which = keyof typeof restored;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1", "--shards", "1", "--clusters", "1");
  addresses = await reservePorts(fleet.home, 3);
});
afterAll(async () => {
  await stopAll();
  await fleet.dispose();
});

async function stopAll(): Promise<void> {
  for (const command of running) command.signal("SIGTERM");
  await Promise.all(running.map((command) => command.ended()));
  running = [];
}

const run = (...args: readonly string[]) => fleet.run(...args);

async function ok(...args: readonly string[]): Promise<Ran> {
  const ran = await run(...args);
  expect(ran, ran.stderr + ran.stdout).toMatchObject({ exit: 0 });
  return ran;
}

const json = async (...args: readonly string[]) => JSON.parse((await ok(...args, "--json")).stdout);

async function restore(to: Which, clockOffsetS: number, ...more: readonly string[]): Promise<Restored> {
  const clock = join(fleet.home, "clock");
  await writeFile(clock, String(clockOffsetS));
  const env = { ...fleet.env, NODE_OPTIONS: byShiftedDate.preload.join(" "), ...byShiftedDate.env(clock) };
  const args = ["snapshot", "restore", "--from", join(fleet.home, "exports"), "--data", join(fleet.home, to)];
  const ran = await runProgram([...args, "--address", addressOf(to), "--json", ...more], {
    cwd: fleet.home,
    env,
  });
  expect(ran, ran.stderr).toMatchObject({ exit: 0 });
  return JSON.parse(ran.stdout);
}

const addressOf = (which: Which) => present(addresses[which === "ahead" ? 0 : 1], "ports are held");
const cert = (name: string) => join(fleet.directory, "certs", name);
const tls = (name: string) => [
  "--ca",
  cert("ca.crt"),
  "--cert",
  cert(`${name}.crt`),
  "--key",
  cert(`${name}.key`),
];
/** Of commands for one of the two. */
const at = (which: Which) => ["--endpoints", addressOf(which), ...tls("admin")];

function coordinator(which: Which): void {
  const { clusterId } = present(restored[which], "it was restored");
  const address = addressOf(which);
  const whose = ["--id", "1", "--name", "n1", "--fleet", "local", "--cluster-id", clusterId];
  const where = ["--listen", address, "--peers", `1=n1@${address}`, "--data", join(fleet.home, which)];
  running.push(fleet.launch("serve", "coordinator", ...whose, ...where, ...tls("n1")));
}

/** The fleet's own shard, with what it remembers, reports to one of the two; resolves when that one has heard it. */
async function shardReportsTo(which: Which): Promise<RunningCommand> {
  const { data } = processFiles(fleet.directory, "s1");
  const shard = ["--id", "s1", "--listen", present(addresses[2], "ports are held"), "--data", data];
  const command = fleet.launch("serve", "shard", ...shard, "--coordinators", addressOf(which), ...tls("s1"));
  running.push(command);
  return command;
}

async function stop(command: RunningCommand): Promise<void> {
  command.signal("SIGTERM");
  await command.ended();
  running = running.filter((other) => other !== command);
}

const obeys = async (which: Which) => {
  const { rows, shards = rows } = await json("shard", "list", ...at(which));
  const { observed } = shards[0];
  return observed === null || observed === undefined ? "unheard" : (observed.other?.id ?? "this one");
};

let revision = 0;
let lostIncarnation = "";

test("the fleet goes on after the export, and its shard obeys what comes then", async () => {
  await expect.poll(async () => (await json("cluster", "list")).observedComplete).toBe(true);
  await ok("snapshot", "save", "--to", join(fleet.home, "exports"));
  await ok("domain", "assign", "--domain", "zone=a", "--shard", "s1");
  const shardFile = join(processFiles(fleet.directory, "s1").data, "bindings.json");
  await expect.poll(async () => JSON.parse(await readFile(shardFile, "utf8")).domains).toHaveLength(1);
  const client = await fleet.client();
  const { stamp } = await client.listShards();
  revision = stamp?.index ?? 0;
  lostIncarnation = stamp?.incarnation ?? "";
  await ok("down");
});

test("both restores go on at the next index and term; a clock that is behind is told", async () => {
  const behind = await restore("right", -HOUR_S, "--dry-run");
  expect(Number(behind.clockBehindMs)).toBeGreaterThan(0);
  restored.ahead = await restore("ahead", HOUR_S, "--yes");
  restored.right = await restore("right", 0, "--yes");
  const [{ index, term }] = (await json("snapshot", "list", "--from", join(fleet.home, "exports"))).snapshots;
  for (const { index: begins, term: inTerm } of [restored.ahead, restored.right])
    expect([Number(begins), Number(inTerm)]).toEqual([Number(index) + 1, Number(term) + 1]);
  expect(Number(restored.ahead.epoch)).toBeGreaterThan(Number(restored.right.epoch));
});

test("the shard, which has obeyed the lost future, obeys the first restore, and lets go of what that does not give it", async () => {
  coordinator("ahead");
  coordinator("right");
  const shard = await shardReportsTo("ahead");
  await expect.poll(() => obeys("ahead"), { timeout: 60_000 }).toBe("this one");
  const { data } = processFiles(fleet.directory, "s1");
  await expect
    .poll(async () => JSON.parse(await readFile(join(data, "bindings.json"), "utf8")).domains[0].assigned, {
      timeout: 60_000,
    })
    .toBe(false);
  await stop(shard);
});

test("what the shard does with the second restore is a dispute, and adopt settles it for good", async () => {
  const ahead = present(restored.ahead, "it was restored");
  const shard = await shardReportsTo("right");
  await expect.poll(() => obeys("right"), { timeout: 60_000 }).toBe(ahead.clusterId);
  expect((await run("status", ...at("right"))).stdout).toContain("fleet shard adopt");
  const tried = await json("shard", "adopt", "s1", "--dry-run", ...at("right"));
  expect(tried).toMatchObject({ changed: true, what: expect.stringContaining(ahead.clusterId) });
  expect(await run("shard", "adopt", "s1", ...at("right"))).toMatchObject({ exit: 2 });
  const adopt = ["shard", "adopt", "s1", "--yes", "--wait", "--timeout", "60s"];
  await ok(...adopt, "--reason", "the other was a test", ...at("right"));
  expect(await obeys("right"), "it has waited for that").toBe("this one");
  expect(await json("shard", "adopt", "s1", "--yes", ...at("right"))).toMatchObject({ changed: false });
  await stop(shard);
  await shardReportsTo("ahead");
  await expect.poll(() => obeys("ahead"), { timeout: 60_000 }).toBe(present(restored.right, "too").clusterId);
});

test("a revision of the lost future is a reset, with its incarnation and without", async () => {
  for (const incarnation of [["--incarnation", lostIncarnation], []]) {
    const watch = fleet.launch(
      "watch",
      "--after",
      String(revision),
      ...incarnation,
      "-o",
      "jsonl",
      ...at("right"),
    );
    await expect.poll(() => watch.output, { timeout: 30_000 }).toContain("WatchReset");
    expect(watch.output).toContain('"reason":"incarnation"');
    await stop(watch);
  }
});
