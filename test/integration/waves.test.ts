// Plans in waves against a real fleet. A shard is evacuated while its leader is killed twice, and the plan is undone.
// A runner that is killed is replaced from another terminal. Between the two, no cluster is served by two shards, or
// by none for long.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { signalProcess } from "../../src/client/processes/supervisor.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const CLUSTERS = 18;
/** An agent that is told to go elsewhere reconnects within a second; a busy machine takes its time. */
const UNSERVED_MS_MAX = 20_000;

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "3", "--clusters", String(CLUSTERS));
  plane = new LiveDataPlane(fleet);
  await plane.untilInSync(CLUSTERS);
});
afterAll(() => fleet.dispose());

/** Asks the shards themselves, again and again, who serves what. */
class Watcher {
  readonly doubles: string[] = [];
  /** By cluster, the longest time for which no shard said that it serves it. */
  readonly unservedMs = new Map<string, number>();
  readonly #lastMs = new Map<string, number>();
  #isOver = false;
  readonly #watching: Promise<void>;

  constructor() {
    this.#watching = this.#watch();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      // One after the other: a cluster that moves meanwhile may be seen at both, so doubles are asked for again.
      const serving = await this.#look();
      const double = [...serving].filter(([, shards]) => shards.length > 1).map(([cluster]) => cluster);
      if (double.length > 0) {
        const again = await this.#look();
        this.doubles.push(...double.filter((cluster) => (again.get(cluster) ?? []).length > 1));
      }
      const nowMs = performance.now();
      for (let at = 1; at <= CLUSTERS; at += 1) this.#note(`c${at}`, serving.has(`c${at}`), nowMs);
    }
  }

  async #look(): Promise<Map<string, string[]>> {
    const serving = new Map<string, string[]>();
    for (const shard of ["s1", "s2", "s3"]) {
      for (const cluster of await plane.serves(shard))
        serving.set(cluster, [...(serving.get(cluster) ?? []), shard]);
    }
    return serving;
  }

  #note(cluster: string, isServed: boolean, nowMs: number): void {
    const lastMs = this.#lastMs.get(cluster) ?? nowMs;
    if (isServed) this.#lastMs.set(cluster, nowMs);
    else this.unservedMs.set(cluster, Math.max(this.unservedMs.get(cluster) ?? 0, nowMs - lastMs));
  }
}

async function ownedBy(shard: string): Promise<readonly string[]> {
  return (await plane.clusters())
    .filter(({ declared }) => declared?.shardId === shard)
    .map(({ clusterId }) => clusterId);
}

test("a shard is evacuated while the leader is killed twice, and the plan is undone", async () => {
  const moving = await ownedBy("s1");
  expect(moving.length).toBeGreaterThan(3);
  const watcher = new Watcher();
  const conditions = ["--canary", "1", "--wave", "2", "--quorum-margin", "0", "--quiet", "0s"];
  const running = fleet.launch(
    "shard",
    "evacuate",
    "s1",
    "--spread",
    ...conditions,
    "--yes",
    "--reason",
    "new disks",
  );
  for (const done of [1, 3]) {
    await eventually(async () => (await ownedBy("s1")).length).toBeLessThanOrEqual(moving.length - done);
    const client = await fleet.client();
    const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
    await fleet.kill(leader);
    await fleet.start(leader);
  }
  const ended = await running.ended();
  await watcher.end();
  expect(ended, ended.stderr).toMatchObject({ exit: 0 });
  expect(ended.stdout).toContain(`${moving.length} of ${moving.length} clusters moved`);
  expect(await ownedBy("s1")).toEqual([]);
  await plane.untilInSync(CLUSTERS);
  expect(watcher.doubles).toEqual([]);
  expect([...watcher.unservedMs].filter(([, ms]) => ms > UNSERVED_MS_MAX)).toEqual([]);

  const [plan = ""] = (await fleet.run("rebind", "status", "-o", "name")).stdout.trim().split("\n");
  const audit = await fleet.run("audit", "list", "--after", "0", "-o", "json");
  const steps = audit.stdout.match(new RegExp(`step of plan ${plan}: cluster c[0-9]+ done`, "g")) ?? [];
  expect(steps.length).toBe(moving.length);

  const back = await fleet.run("rebind", "rollback", plan, "--yes");
  expect(back, back.stderr).toMatchObject({ exit: 0 });
  expect((await ownedBy("s1")).toSorted()).toEqual(moving.toSorted());
});

test("a runner that was killed is replaced from another terminal; meanwhile its clusters are claimed", async () => {
  const planned = await fleet.run(
    "rebind",
    "plan",
    "--from",
    "s2",
    "--to",
    "s3",
    "--wave",
    "1",
    "--quiet",
    "0s",
  );
  const file = join(fleet.home, "waves.yaml");
  await writeFile(file, planned.stdout);
  const plan = /^name: (.*)$/m.exec(planned.stdout)?.[1] ?? "";
  const before = await ownedBy("s2");
  const running = fleet.launch("rebind", "apply", file, "--yes");
  await eventually(async () => (await ownedBy("s2")).length).toBeLessThan(before.length);
  running.signal("SIGKILL");
  await running.ended();

  // The plan is in the fleet, which says how to continue it.
  expect(await fleet.run("rebind", "apply", file, "--yes")).toMatchObject({
    exit: 9,
    stderr: expect.stringContaining(`fleet rebind resume ${plan}`),
  });
  const left = (await ownedBy("s2"))[0] ?? "";
  const claimed = await fleet.run("rebind", left, "--to", "s1");
  expect(claimed.exit).toBe(9);
  expect(`${claimed.stdout}${claimed.stderr}`).toContain(plan);
  // An operator who has not seen the kill learns of it.
  await eventually(async () => (await fleet.run("rebind", "status")).stdout).toContain(
    `continue it with: fleet rebind resume ${plan}`,
  );
  expect((await fleet.run("doctor")).stdout).toContain(`fleet rebind resume ${plan}`);
  const resumed = await fleet.run("rebind", "resume", plan);
  expect(resumed, resumed.stderr).toMatchObject({ exit: 0 });
  expect(await ownedBy("s2")).toEqual([]);
  await plane.untilInSync(CLUSTERS);
});

test("Ctrl-C twice stops a run whose target hangs, says in what state, and another run finishes the plan", async () => {
  const planned = await fleet.run(
    "rebind",
    "plan",
    "--from",
    "s3",
    "--to",
    "s2",
    "--wave",
    "1",
    "--quiet",
    "0s",
  );
  const file = join(fleet.home, "hanging.yaml");
  await writeFile(file, planned.stdout);
  const plan = /^name: (.*)$/m.exec(planned.stdout)?.[1] ?? "";
  await signalShard("s2", "SIGSTOP");
  try {
    const running = fleet.launch("rebind", "apply", file, "--yes");
    await eventually(async () => (await fleet.run("rebind", "status", plan, "-o", "json")).stdout).toMatch(
      /"underWay": ?"?1"?/,
    );
    running.signal("SIGINT");
    expect(await running.says(/finishing what is under way; Ctrl-C again stops at once/)).toBe(true);
    running.signal("SIGINT");
    const { exit, stderr } = await running.ended();
    expect(exit).toBe(130);
    expect(stderr).toMatch(
      new RegExp(`stopped at once; \\d+ under way; continue with: fleet rebind resume ${plan}\n$`),
    );
  } finally {
    await signalShard("s2", "SIGCONT");
  }
  const resumed = await fleet.run("rebind", "resume", plan, "--yes");
  expect(resumed, resumed.stderr).toMatchObject({ exit: 0 });
  expect(await ownedBy("s3")).toEqual([]);
});

async function signalShard(shard: string, signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
  const { processes } = await fleet.deps();
  expect(await signalProcess(processFiles(fleet.directory, shard).pid, signal, processes)).not.toBeNull();
}
