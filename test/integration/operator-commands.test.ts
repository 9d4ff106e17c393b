// The commands as an operator types them, each a process of its own, against a real cluster of three. A shard is
// drained, emptied and taken out; domains move by a file.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { assignDomain, bindCluster, registerShard } from "./fleet-writes.ts";
import { type Ran, runProgram } from "./local-fleet.ts";

const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
let home: string;

beforeAll(async () => {
  home = await makeFolder();
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
  const client = cluster.client();
  for (const shard of ["s1", "s2"]) await client.submit(registerShard(shard), DEADLINE);
  for (const name of ["c1", "c2"]) await client.submit(bindCluster(name, "s1"), DEADLINE);
  await client.submit(assignDomain("a", "s1"), DEADLINE);
});
afterAll(async () => {
  await cluster.dispose();
  await removeFolder(home);
});

function fleet(...words: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1" };
  const timeout = words.includes("--reason") ? ["--timeout", "60s"] : [];
  return runProgram([...words, ...cluster.flags, ...timeout], { cwd: home, env });
}

test("a fleet whose coordinators have no port for keys says so", async () => {
  const refused = await fleet("kv", "get", "a");
  expect(refused).toMatchObject({ exit: 3, stderr: expect.stringContaining("FLEET_E_NO_STORE") });
});

test("check perf measures, judges by its exit code, and leaves no row and no audit entry", async () => {
  const args = ["--duration", "600ms", "--clients", "4", "--max-latency", "1m", "--json"];
  expect(await fleet("check", "perf", ...args)).toMatchObject({ exit: 2 });
  const ran = await fleet("check", "perf", ...args, "--min-rate", "1000000", "--yes");
  expect(ran).toMatchObject({ exit: 7, stderr: expect.stringContaining("many clients write: 4 at once") });
  const { gates, phases, disks } = JSON.parse(ran.stdout);
  expect(gates[0]).toMatchObject({ name: "writes-per-second", passed: false });
  expect(phases.map(({ answered }: { readonly answered: number }) => answered > 0)).toEqual([
    true,
    true,
    true,
  ]);
  expect(disks.map(({ node }: { readonly node: string }) => node)).toEqual(["n1", "n2", "n3"]);
  const client = cluster.client();
  expect((await client.listProbes("check-perf")).probes).toEqual([]);
  const { entries } = await client.listAudit();
  expect(entries.filter(({ what }) => what.includes("check-perf"))).toEqual([]);
});

test("a shard is drained, refused to leave while it has anything, and leaves by force with what it has", async () => {
  const drained = await fleet("shard", "drain", "s1", "--reason", "rack");
  expect(drained).toMatchObject({ exit: 0, stdout: expect.stringContaining("2 cluster bindings: c1 c2\n") });
  const shown = await fleet("shard", "show", "s1", "--json");
  expect(JSON.parse(shown.stdout)).toMatchObject({
    clusters: ["c1", "c2"],
    domains: ["zone=a"],
    instructions: ["assign zone=a"],
    // Soon enough that the leader, which has not heard of it, does not yet suspect it for that.
    shard: { shard: { state: "draining" }, liveness: "unknown" },
  });
  const refused = await fleet("cluster", "bind", "--cluster", "c3", "--shard", "s1", "--reason", "x");
  expect(refused).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_SHARD_DRAINING") });
  const inUse = await fleet("shard", "remove", "s1", "--reason", "rack");
  expect(inUse).toMatchObject({ exit: 9, stderr: expect.stringContaining("2 cluster bindings, 1 domain") });
  const tried = await fleet("shard", "remove", "s1", "--force", "--dry-run", "--json");
  expect(JSON.parse(tried.stdout)).toMatchObject({
    ...{ changed: true, dryRun: true, index: null },
    summary:
      "drops 2 cluster bindings, 1 domain, 1 pending instruction, and which may serve clusters that are not declared to it: it has not reported to this leader yet",
  });
  expect(await fleet("shard", "remove", "s1", "--force", "--reason", "rack")).toMatchObject({ exit: 2 });
  const still = await fleet("shard", "list", "--state", "draining", "-o", "name");
  expect(still.stdout, "neither the dry run nor the unanswered question removed it").toBe("s1\n");
  const removed = await fleet("shard", "remove", "s1", "--force", "--yes", "--reason", "rack");
  expect(removed.stdout).toContain("which drops 2 cluster bindings, 1 domain, 1 pending instruction");
  const { stdout } = await fleet("audit", "list", "--actor", "fleet://admin", "-o", "jsonl");
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({
    what: "remove shard s1 by force, which drops 2 cluster bindings, 1 domain, 1 pending instruction",
    reason: "rack",
  });
  const again = await fleet("shard", "activate", "s1", "--reason", "rack is back");
  expect(again.exit).toBe(0);
});

test("a file of moves is refused with its rows, corrected, applied, and applied again", async () => {
  const file = join(home, "moves.csv");
  const rows = (to: string) => Array.from({ length: 5_000 }, (_, at) => `rack,r${at},${to}`);
  await writeFile(file, [...rows("s2").slice(0, 4_999), "rack,last,s9"].join("\n"));
  const dry = await fleet("domain", "move", "--file", file, "--dry-run", "--json");
  expect(dry.exit).toBe(9);
  expect(JSON.parse(dry.stdout)).toMatchObject({
    ...{ batches: 2, accepted: 1, index: null },
    refused: [{ row: 5_000, domain: "rack=last", reason: "SHARD_UNKNOWN" }],
  });
  const half = await fleet("domain", "move", "--file", file, "--reason", "x");
  expect(half).toMatchObject({ exit: 9, stdout: expect.stringContaining("the first batch was committed") });
  const listed = await fleet(
    "domain",
    "list",
    "--domain-key",
    "rack",
    "--shard",
    "s2",
    "--json",
    "--limit",
    "4500",
  );
  expect(JSON.parse(listed.stdout)).toMatchObject({ more: false, domains: { length: 4_096 } });
  await writeFile(file, rows("s2").join("\n"));
  const whole = await fleet("domain", "move", "--file", file, "--reason", "x", "--json");
  expect(JSON.parse(whole.stdout)).toMatchObject({ batches: 2, accepted: 2, changed: 1, refused: [] });
  const repeated = await fleet("domain", "move", "--file", file, "--reason", "x");
  expect(repeated).toMatchObject({ exit: 0, stdout: expect.stringContaining("nothing to change") });
});

test("quotas never exceed what the provider declares, and say so with the sum", async () => {
  const provider = ["provider", "set", "aws", "--address", "aws:1", "--declared-quota", "100"];
  expect((await fleet(...provider, "--reason", "x")).exit).toBe(0);
  const set = (limit: string) =>
    fleet(
      "quota",
      "set",
      "--provider",
      "aws",
      "--region",
      "eu",
      "--limit",
      limit,
      "--slice",
      "s2=60",
      "--reason",
      "x",
    );
  expect(await set("101")).toMatchObject({
    exit: 9,
    stderr: expect.stringContaining("eu 101 = 101 exceeds the 100"),
  });
  expect((await set("80")).exit).toBe(0);
  const { stdout } = await fleet("quota", "list", "--provider", "aws", "-o", "jsonl");
  expect(JSON.parse(stdout)).toMatchObject({ limit: "80", slices: [{ shardId: "s2", amount: "60" }] });
  expect((await fleet("provider", "remove", "aws", "--reason", "x")).exit).toBe(9);
});

test("labels are set, refused, and select in lists and plans", async () => {
  for (const name of ["c7", "c8"]) await cluster.client().submit(bindCluster(name, "s2"), DEADLINE);
  const label = (...words: string[]) => fleet("cluster", "label", ...words, "--reason", "teams");
  expect(await label("c7", "team=a", "tier=web")).toMatchObject({ exit: 0 });
  expect(await label("c7", "tier=db")).toMatchObject({
    exit: 9,
    stderr: expect.stringContaining("--overwrite"),
  });
  expect(await label("c8", "tier=db")).toMatchObject({ exit: 0 });
  expect(await label("c9", "tier=db")).toMatchObject({ exit: 3 });
  expect(await fleet("shard", "label", "s2", "disk=ssd")).toMatchObject({ exit: 0 });
  const named = async (...words: string[]) => (await fleet(...words, "-o", "name")).stdout.trim().split("\n");
  expect(await named("cluster", "list", "-l", "tier")).toEqual(["c7", "c8"]);
  expect(await named("cluster", "list", "-l", "tier!=db")).toEqual(["c7"]);
  expect(await named("shard", "list", "-l", "disk in (ssd)")).toEqual(["s2"]);
  for (const command of [
    ["cluster", "list"],
    ["rebind", "plan", "--to", "s2"],
  ])
    for (const selector of ["tier=a=b", "", " "])
      expect(await fleet(...command, "-l", selector), selector).toMatchObject({ exit: 2 });
  const shown = await fleet("cluster", "list", "-l", "team=a", "--columns", "cluster,labels", "--no-headers");
  expect(shown.stdout).toContain("c7  team=a,tier=web\n");
  const nothing = await fleet("rebind", "plan", "-l", "team=b", "--to", "s2", "--timeout", "1s");
  expect(nothing.stdout).not.toContain("moves:");
});
