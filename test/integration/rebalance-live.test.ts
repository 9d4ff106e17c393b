// `fleet rebalance plan` against shards that really run short: agents' demand and machines files make the reports, and
// reports make the advice. `fleet rebind apply` carries it out, and later reports show that it helped. First a topology
// domain comes with machines that lie idle, then a cluster goes.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fleetFilePath, machinesFileOf, processFiles } from "../../src/client/files/layout.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { TestFleet } from "./local-fleet.ts";

const SHARDS = ["s1", "s2"] as const;
/** Even numbers dial s2. */
const CLUSTERS = 5;

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.empty();
  const machines = join(fleet.home, "machines.yaml");
  await writeFile(machines, "machines: [] # none yet\n");
  const sizes = ["--nodes", "1", "--shards", "2", "--clusters", String(CLUSTERS)];
  const made = await fleet.run("init", ...sizes, "--machines", machines);
  expect(made, made.stderr).toMatchObject({ exit: 0 });
  await shortenCycles();
  plane = new LiveDataPlane(fleet);
  await plane.untilInSync(CLUSTERS);
});
afterAll(() => fleet.dispose());

/** Eight cycles are the least that a cooldown lasts: of the default's, longer than a test should take. */
async function shortenCycles(): Promise<void> {
  const file = fleetFilePath(fleet.directory);
  const text = await readFile(file, "utf8");
  const quick = text.replaceAll(/( *)machines: .*\n/g, "$&$1cycleSeconds: 1\n");
  expect(quick).not.toBe(text);
  await writeFile(file, quick);
  for (const shard of SHARDS) {
    await fleet.kill(shard);
    await fleet.start(shard);
  }
}

const racks = ["r1", "r2"].map(
  (rack) => `  - {instanceType: m5, zone: a, count: 6, domain: {rack: ${rack}}}`,
);
const listing = (own: number) =>
  ["machines:", `  - {instanceType: m5, zone: a, count: ${own}}`, ...racks, ""].join("\n");

async function json<T>(...args: readonly string[]): Promise<T> {
  const ran = await fleet.run(...args, "--json");
  if (ran.exit !== 0) throw new Error(`${args.join(" ")}: ${ran.exit} ${ran.stderr}`);
  return JSON.parse(ran.stdout);
}

interface Shortfalls {
  readonly shortfalls: readonly {
    readonly shardId: string;
    readonly shortfall: { readonly clusterId: string };
  }[];
}

/** Who is short where, as the coordinators were told. */
async function short(): Promise<readonly string[]> {
  const { shortfalls } = await json<Shortfalls>("shortfall", "list");
  return shortfalls.map(({ shardId, shortfall }) => `${shortfall.clusterId} at ${shardId}`).sort();
}

/** Which cluster has how many machines of the shard, as the shard itself says. */
async function held(shard: string): Promise<Readonly<Record<string, number>>> {
  const { demand } = await plane.status(shard);
  return Object.fromEntries(demand.map(({ clusterId, machines }) => [clusterId, machines]));
}

interface Domains {
  readonly domains: readonly { readonly value: string; readonly shardId: string; readonly version: string }[];
}
interface Clusters {
  readonly clusters: readonly {
    readonly clusterId: string;
    readonly declared: { readonly shardId: string; readonly version: string };
  }[];
}

/** Which shard has what, and in which version: a row that was moved and moved back is another one. */
async function owners(): Promise<Readonly<Record<string, string>>> {
  const { domains } = await json<Domains>("domain", "list");
  const { clusters } = await json<Clusters>("cluster", "list");
  return Object.fromEntries([
    ...domains.map(({ value, shardId, version }) => [value, `${shardId} ${version}`]),
    ...clusters.map(({ clusterId, declared }) => [clusterId, `${declared.shardId} ${declared.version}`]),
  ]);
}

/** Carries out the advice as soon as there is some; its text, and what is another shard's now, by its new owner. */
async function follow(): Promise<{
  readonly advice: string;
  readonly moved: Readonly<Record<string, string>>;
}> {
  const before = await owners();
  let advice = "";
  // Until shortfalls are old enough, and what was placed lately has cooled down, there is none.
  await eventually(async () => {
    const ran = await fleet.run("rebalance", "plan");
    advice = ran.stdout;
    return `${ran.exit} ${ran.stderr}`;
  }).toBe("0 ");
  const plan = join(fleet.home, "plan.yaml");
  await writeFile(plan, advice);
  expect(await owners()).toEqual(before);
  const applied = await fleet.run("rebind", "apply", plan, "--yes", "--reason", "advice");
  expect(applied, applied.stderr).toMatchObject({ exit: 0 });
  const after = Object.entries(await owners()).filter(([name, row]) => before[name] !== row);
  return { advice, moved: Object.fromEntries(after.map(([name, row]) => [name, row.split(" ")[0] ?? ""])) };
}

const SAME = "c5 at s1";

test("a shortage ends with a domain that lies idle, the next one with a cluster's move, and nothing else moves", {
  timeout: 600_000,
}, async () => {
  for (const rack of ["r1", "r2"]) {
    const assigned = await fleet.run("domain", "assign", "--domain", `rack=${rack}`, "--shard", "s2");
    expect(assigned, assigned.stderr).toMatchObject({ exit: 0 });
  }
  await plane.relist("s1", listing(4));
  await plane.relist("s2", listing(10));
  await plane.want({
    c1: [{ count: 4, priority: 5 }],
    c2: [{ count: 2 }],
    c3: [{ count: 3, requirements: { rack: "r1" }, priority: 1 }],
    c4: [{ count: 1, requirements: { rack: "r2" } }],
    c5: [{ count: 50, priority: 9, sameDomain: true }],
  });
  await eventually(short).toEqual(["c3 at s1", SAME]);
  await eventually(async () => (await plane.status("s2")).summary).toMatchObject({ machinesFree: 19 });

  const young = await fleet.run("rebalance", "plan", "--min-age-cycles", "100000");
  expect(young).toMatchObject({
    exit: 9,
    stdout: expect.stringMatching(/c3 at s1 .*: it has lasted \d+ cycles/),
  });
  await eventually(
    async () => (await fleet.run("rebalance", "plan", "--cooldown-cycles", "100000")).stdout,
  ).toMatch(/c3 at s1 .*rack=r1: it moved to its shard \d+ s ago, and stays there for 100000 s$/m);

  const first = await follow();
  expect(first.advice).toMatch(
    /# s1 lacks 3 machines for c3 \(rack=r1, priority 1, for \d+ cycles\); rack=r1 has 6/,
  );
  expect(first.advice).toMatch(/# {3}c5 at s1 \(any\): all of it must be in one domain/);
  expect(first.moved).toEqual({ r1: "s1" });
  await eventually(short).toEqual([SAME]);
  await eventually(() => held("s1")).toMatchObject({ c3: 3 });
  await eventually(async () => (await plane.status("s2")).summary).toMatchObject({
    ...{ machinesTotal: 16, machinesFree: 13 },
  });

  // r2 would be enough, but a machine of it is in use.
  await plane.want({ c1: [{ count: 8, priority: 5 }] });
  await eventually(short).toEqual(["c1 at s1", SAME]);
  const second = await follow();
  expect(second.advice).toMatch(
    /# s1 lacks 1 machines for c1 \(any, priority 5, for \d+ cycles\), .*; s2 takes them/,
  );
  expect(second.moved).toEqual({ c1: "s2" });
  await eventually(() => held("s2")).toEqual({ c1: 8, c2: 2, c4: 1 });
  await eventually(() => held("s1")).toEqual({ c3: 3, c5: 0 });
  await eventually(short).toEqual([SAME]);
});

test("a machines file that cannot be used leaves the shard with the machines that it had", async () => {
  const before = (await plane.status("s2")).summary;
  await plane.relist("s2", "machines: {");
  const { log } = processFiles(fleet.directory, "s2");
  await eventually(() => readFile(log, "utf8")).toContain("the machines file cannot be used");
  expect(await readFile(log, "utf8")).toContain(`${join(fleet.directory, machinesFileOf("s2"))}:1: `);
  expect((await plane.status("s2")).summary).toEqual(before);
});
