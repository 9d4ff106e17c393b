// `fleet drill kill-leader` against real fleets: what it refuses, how it judges, and that it leaves a whole fleet.

import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { DrillReport } from "../../src/core/drill/report.ts";
import type { SeriesReport } from "../../src/core/drill/series.ts";
import { checkFile } from "../histories/check-file.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

// Nothing here needs a leader that was elected long ago.
const QUICK = ["--quiet", "0s", "--before", "500ms", "--after", "500ms"];

const NODES = ["n1", "n2", "n3"];
const LONG = ["drill", "kill-leader", "--yes", "--quiet", "0s", "--before", "200ms", "--after", "10m"];

let fleet: TestFleet;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init();
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

const drill = (...args: readonly string[]) => fleet.run("drill", "kill-leader", "--yes", ...QUICK, ...args);

const healthy = () => fleet.untilStatus(client, (status) => status.verdict === "healthy");

/** The replicas' uptimes only rise while none of them is killed. */
async function uptimes(): Promise<readonly number[]> {
  const { nodes } = await client.status({ perNodeTimeoutMs: 60_000 });
  return nodes.map(({ status }) => status?.uptimeMs ?? -1);
}

async function expectNothingKilled(act: () => Promise<void>): Promise<void> {
  const before = await uptimes();
  await act();
  const after = await uptimes();
  expect(after.map((uptimeMs, at) => uptimeMs >= (before[at] ?? 0))).toEqual(before.map(() => true));
}

test("an unreadable gate is refused before anything happens", async () => {
  await expectNothingKilled(async () => {
    const ran = await drill("--slo", "first-wirte=2s");
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("first-wirte") });
  });
});

test("without a terminal and without --yes it is refused, and nothing is killed", async () => {
  await expectNothingKilled(async () => {
    const ran = await fleet.run("drill", "kill-leader", ...QUICK);
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining("FLEET_E_NOT_CONFIRMED") });
  });
});

test("a report file that is there is not overwritten, and the drill not begun", async () => {
  await writeFile(join(fleet.home, "old.json"), "kept");
  await expectNothingKilled(async () => {
    const ran = await drill("--report", "old.json", "--json");
    expect(ran.exit).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: "FLEET_E_REPORT_NOT_WRITTEN" } });
  });
  expect(await readFile(join(fleet.home, "old.json"), "utf8")).toBe("kept");
});

test("a drill whose gates hold passes, writes its report, and leaves a healthy fleet", async () => {
  const before = await healthy();
  const files = ["--report", "pass.json", "--history", "history.jsonl"];
  const ran = await drill("--slo", "first-write=30s,lost=0", ...files, "--json");
  expect(ran.exit).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ kind: "DrillReport", verdict: "pass" });
  const report: DrillReport = JSON.parse(await readFile(join(fleet.home, "pass.json"), "utf8"));
  expect(report).toMatchObject({ schemaVersion: 1, drill: "kill-leader", verdict: "pass" });
  expect(report.measured).toMatchObject({ lost: 0, duplicated: 0, unexpected: 0, violations: 0 });
  expect(report.linearizability).toMatchObject({ verdict: "yes", evidence: [] });
  const checked = checkFile(join(fleet.home, "history.jsonl"));
  expect(checked).toMatchObject({ kind: "linearizable", operations: report.linearizability.operations });
  expect(report.measured.writes.acknowledged).toBeGreaterThan(0);
  const kill = /killed (n\d), leader of term (\d+)/;
  const [, killed, term] = report.timeline.flatMap(({ what }) => kill.exec(what) ?? []);
  expect(NODES).toContain(killed);
  // Charts, clients and timeline count from the same moment.
  const killedAt = report.timeline.find(({ what }) => kill.test(what))?.atMs;
  expect(killedAt).toBe(report.observed.fault.fromMs);
  expect(report.observed.fault.fromMs).toBeLessThanOrEqual(report.observed.endedMs);
  // An election of its own may have come between the look and the kill.
  if (Number(term) === before.leaderClaims[0]?.term) expect(killed).toBe(leaderOf(before));
  await healthy();
  expect(await uptimes()).not.toContain(-1);
});

test("a gate that cannot hold fails the drill with 7, and the report says which", async () => {
  await healthy();
  const ran = await drill("--slo", "first-write=1ms", "--report", "fail.json");
  expect(ran).toMatchObject({ exit: 7, stdout: expect.stringContaining("verdict: fail") });
  const report: DrillReport = JSON.parse(await readFile(join(fleet.home, "fail.json"), "utf8"));
  expect(report.verdict).toBe("fail");
  expect(report.gates).toContainEqual(
    expect.objectContaining({ name: "first-write", limit: 1, unit: "ms", passed: false }),
  );
  expect(report.gates).toContainEqual(expect.objectContaining({ name: "lost", passed: true }));
  await healthy();
});

test("a fleet that was degraded before, by a cluster without an agent, need not be healthy after", async () => {
  const drifting = await TestFleet.init("--shards", "1", "--clusters", "1");
  try {
    expect((await drifting.run("cluster", "bind", "absent", "--to", "s1", "--reason", "test")).exit).toBe(0);
    await drifting.untilStatus(await drifting.client(), ({ dataPlane }) => dataPlane?.clustersAbsent === 1);
    // By default it writes long enough for the new leader to hear of the absent agent.
    const ran = await drifting.run("drill", "kill-leader", "--yes", "--quiet", "0s");
    expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining("verdict: pass") });
    expect(ran.stdout).not.toContain("did not happen");
  } finally {
    await drifting.dispose();
  }
});

test("two runs are asked for once, and judged together by the worst", async () => {
  await healthy();
  const files = ["--report", "two.json", "--history", "two.jsonl"];
  const ran = await drill("--runs", "2", "--slo", "first-write=30s", ...files);
  expect(ran).toMatchObject({ exit: 0, stderr: expect.stringContaining("run 2 of 2") });
  expect(ran.stdout).toMatch(/^MEASURED +MEDIAN +WORST +AT MOST +FAILED RUNS\n/);
  expect(ran.stdout).toContain("verdict: pass, 2 of 2 runs");
  const series: SeriesReport = JSON.parse(await readFile(join(fleet.home, "two.json"), "utf8"));
  expect(series).toMatchObject({ schemaVersion: 1, drill: "kill-leader", wanted: 2, verdict: "pass" });
  const times = series.runs.map(({ measured }) => measured.faultToFirstWriteMs ?? -1);
  const spread = series.spread.find(({ name }) => name === "first-write");
  expect(spread).toMatchObject({ worst: Math.max(...times), limit: 30_000, failed: 0 });
  for (const history of ["two-1.jsonl", "two-2.jsonl"])
    expect(checkFile(join(fleet.home, history))).toMatchObject({ kind: "linearizable" });
  await healthy();
});

test("Ctrl-C in the second run keeps what the first one measured", async () => {
  await healthy();
  const running = fleet.launch(
    "drill",
    "kill-leader",
    "--yes",
    ...QUICK,
    "--runs",
    "3",
    "--report",
    "one.json",
  );
  expect(await running.says(/run 2 of 3\s[\s\S]*fault n\d/)).toBe(true);
  running.signal("SIGINT");
  expect(await running.ended()).toMatchObject({
    exit: 130,
    stderr: expect.stringContaining("1 of 3 runs: one.json"),
  });
  const series: SeriesReport = JSON.parse(await readFile(join(fleet.home, "one.json"), "utf8"));
  expect(series).toMatchObject({ wanted: 3, runs: [{ verdict: "pass" }], verdict: "fail" });
  await healthy();
});

test("Ctrl-C after the kill starts the node again, and leaves neither a report nor probes", async () => {
  await healthy();
  const running = fleet.launch(
    "drill",
    "kill-leader",
    "--yes",
    "--before",
    "200ms",
    "--after",
    "10m",
    "--report",
    "cut.json",
  );
  expect(await running.says(/fault n\d/)).toBe(true);
  running.signal("SIGINT");
  const ran = await running.ended();
  expect(ran).toMatchObject({ exit: 130, stderr: expect.stringContaining("started again") });
  await healthy();
  await expect(access(join(fleet.home, "cut.json"))).rejects.toThrow();
  expect((await client.listProbes("kill-leader")).probes).toEqual([]);
});

test("a terminal that is closed and a SIGTERM end a drill as Ctrl-C does", async () => {
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    await healthy();
    const running = fleet.launch(...LONG, "--report", `${signal}.json`);
    expect(await running.says(/fault n\d/)).toBe(true);
    running.signal(signal);
    expect(await running.ended()).toMatchObject({
      exit: 130,
      stderr: expect.stringContaining("is healed"),
    });
    await healthy();
  }
});

/** A drill that ends by SIGKILL once it has killed the leader, and another leads. */
async function killedDrill(report: string): Promise<void> {
  await healthy();
  const running = fleet.launch(...LONG, "--report", report);
  expect(await running.says(/leader n\d/)).toBe(true);
  running.signal("SIGKILL");
  await running.ended();
  await fleet.untilStatus(client, ({ nodes }) => nodes.some(({ reachable }) => !reachable));
}

test("a drill that was killed with kill -9 is healed by the next command that finds it", async () => {
  await killedDrill("killed-first.json");
  const next = await fleet.run("leader", "show");
  expect(next).toMatchObject({
    exit: 0,
    stderr: expect.stringMatching(/healed an interrupted drill \(kill-leader.*started n\d/),
  });
  await healthy();
  expect((await fleet.run("leader", "show")).stderr).toBe("");
  expect((await client.listProbes("kill-leader")).probes).toEqual([]);
});

test("what only looks at a sick fleet leaves a killed drill as it is, and fleet drill heal heals it", async () => {
  await killedDrill("killed.json");
  const told = await fleet.run("doctor");
  expect(told.stderr).toContain("fleet drill heal");
  const healed = await fleet.run("drill", "heal");
  expect(healed).toMatchObject({ exit: 0, stdout: expect.stringMatching(/started n\d/) });
  await healthy();
  expect(await fleet.run("drill", "heal")).toMatchObject({ exit: 0, stdout: "nothing to heal\n" });
  expect((await fleet.run("leader", "show")).stderr).not.toContain("drill heal");
  const { entries } = await client.listAudit();
  expect(entries.map(({ operation }) => operation)).toContain("noteDrill");
});

test("one drill at a time: the second is refused, and the lock of a lost one can be removed", async () => {
  await healthy();
  const running = fleet.launch(...LONG, "--report", "first.json");
  expect(await running.says(/leader n\d/)).toBe(true);
  const second = await fleet.run("drill", "run", "transfer", "--yes", "--report", "second.json");
  // The fleet is not whole, or it is locked: nothing is broken twice.
  expect([5, 9]).toContain(second.exit);
  running.signal("SIGINT");
  await running.ended();
  await healthy();
  const lock = { drillId: "kill-leader", number: 0 };
  await client.submit({ kind: { $case: "recordProbe", value: lock } });
  const locked = await fleet.run("drill", "run", "transfer", "--yes", ...QUICK);
  expect(locked).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_DRILL_UNDER_WAY") });
  expect((await fleet.run("drill", "heal", "--unlock")).exit).toBe(0);
  expect((await client.listProbes("kill-leader")).probes).toEqual([]);
});

test("a role for one drill is enough for all that it writes, and another drill is refused before it begins", async () => {
  await healthy();
  const { stdout } = await fleet.run("cert", "issue", "--role", "operator", "--name", "carl", "--out", ".");
  expect(stdout).toContain("fleet://operator/carl");
  const carl = ["--cert", "carl.crt", "--key", "carl.key"];
  expect(await fleet.run("role", "create", "cd", "--allow", "run drill kill-follower")).toMatchObject({
    exit: 0,
  });
  expect(await fleet.run("role", "grant", "cd", "--to", "carl")).toMatchObject({ exit: 0 });
  expect(await fleet.run("drill", "run", "kill-follower", "--yes", ...QUICK, ...carl)).toMatchObject({
    exit: 0,
  });
  await healthy();
  await expectNothingKilled(async () => {
    const refused = await fleet.run("drill", "run", "kill-leader", "--yes", ...QUICK, ...carl);
    expect(refused).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("may not run drill kill-leader"),
    });
  });
  const journals = (await readdir(join(fleet.directory, "drills"))).filter((name) =>
    name.includes("journal"),
  );
  expect(journals).toEqual([]);
  const rows = await Promise.all(["kill-leader", "kill-follower"].map((name) => client.listProbes(name)));
  expect(rows.flatMap(({ probes }) => probes)).toEqual([]);
});

test("a drill that there is not is refused, and the list says which there are", async () => {
  expect(await fleet.run("drill", "run", "nosuch", "--yes")).toMatchObject({ exit: 3 });
  const { stdout } = await fleet.run("drill", "list", "--json");
  const { drills } = JSON.parse(stdout);
  expect(drills.length).toBeGreaterThan(15);
  expect(drills.find(({ name }: { name: string }) => name === "partition").whyNot).toBeNull();
  // It has no shards.
  expect(drills.find(({ name }: { name: string }) => name === "kill-shard").whyNot).toContain("no shards");
});

test("without a quorum to spare it is refused, and nothing is killed", async () => {
  const status = await healthy();
  const follower = status.nodes.find(({ name }) => name !== leaderOf(status))?.name ?? "";
  await fleet.kill(follower);
  await fleet.untilStatus(client, ({ nodes }) => nodes.some(({ reachable }) => !reachable));
  await expectNothingKilled(async () => {
    const ran = await drill("--json");
    expect(ran.exit).toBe(5);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: "FLEET_E_NO_QUORUM_TO_SPARE" } });
  });
  await fleet.start(follower);
  await healthy();
});

test("a fleet of one node has none to spare", async () => {
  const single = await TestFleet.init("--nodes", "1");
  try {
    const ran = await single.run("drill", "kill-leader", "--yes", ...QUICK);
    expect(ran).toMatchObject({ exit: 5, stderr: expect.stringContaining("FLEET_E_NO_QUORUM_TO_SPARE") });
    await expect.poll(async () => (await single.run("status")).exit).toBe(0);
  } finally {
    await single.dispose();
  }
});
