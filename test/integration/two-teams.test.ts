// Two teams of one fleet, as they type it (ADR-0028). Each drains its shards and binds its clusters, and can change
// neither the other's nor the members. Each refusal says how an administrator grants the missing permission. Real
// processes.

import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { registerShard } from "./fleet-writes.ts";
import { type Ran, runProgram } from "./local-fleet.ts";

type Who = "admin" | "operator-alice" | "operator-bob";

let cluster: CoordinatorCluster;
let home: string;

beforeAll(async () => {
  home = await makeFolder();
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
  await cluster.until((statuses) => statuses.every(({ clusterVersion }) => clusterVersion >= 2));
  const client = cluster.client();
  for (const shard of ["a-1", "a-2", "b-1"])
    await client.submit(registerShard(shard), { deadlineMs: 60_000 });
  for (const [role, team, operator] of [
    ["team-a", "a", "alice"],
    ["team-b", "b", "bob"],
  ] as const) {
    const rules = [`drain,activate,use shard ${team}-*`, `bind,unbind,rebind cluster ${team}*`];
    const made = await as("admin", "role", "create", role, ...rules.flatMap((rule) => ["--allow", rule]));
    expect(made).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(`set role ${role}, which may drain`),
    });
    expect(await as("admin", "role", "grant", role, "--to", operator)).toMatchObject({ exit: 0 });
  }
});
afterAll(async () => {
  await cluster.dispose();
  await removeFolder(home);
});

function as(who: Who, ...words: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1" };
  return runProgram([...words, ...cluster.flagsAs(who)], { cwd: home, env });
}

const MINE: readonly (readonly string[])[] = [
  ["shard", "drain", "a-1"],
  ["shard", "activate", "a-1"],
  ["cluster", "bind", "--cluster", "a1", "--shard", "a-1"],
];

test.each(MINE)("a team does with what is its own: %s %s", async (...words) => {
  expect(await as("operator-alice", ...words)).toMatchObject({ exit: 0, stderr: "" });
});

test.each([
  { words: ["shard", "drain", "b-1"], missing: "drain shard b-1", why: "another's shard" },
  {
    words: ["cluster", "bind", "--cluster", "b1", "--shard", "a-1"],
    missing: "bind cluster b1",
    why: "another's cluster",
  },
  {
    words: ["cluster", "bind", "--cluster", "a2", "--shard", "b-1"],
    missing: "use shard b-1",
    why: "another's shard would be filled with it",
  },
  { words: ["member", "remove", "--name", "n1", "--yes"], missing: "remove member n1", why: "the members" },
  { words: ["gate", "set", "first-contact", "off"], missing: "set gate first-contact", why: "all teams" },
  { words: ["shard", "drain", "b-1", "--dry-run"], missing: "drain shard b-1", why: "a dry run says so too" },
])("$why is not a team's: $missing", async ({ words, missing }) => {
  const [verb, table, name] = missing.split(" ");
  const refused = await as("operator-alice", ...words);
  expect(refused).toMatchObject({ exit: 4, stdout: "" });
  expect(refused.stderr).toContain(
    `fleet://operator/alice may not ${missing}: no role of its own allows that [FLEET_E_GRANT_MISSING]`,
  );
  const role = `alice-${verb}-${table}`;
  const target = "fleet --endpoints \\S+ --ca \\S+";
  expect(refused.stderr).toMatch(
    new RegExp(
      `${target} role create ${role} --allow '${missing}', then ${target} role grant ${role} --to alice`,
    ),
  );
  const asked = [`${verb}`, `${table}`, `${name}`];
  expect(await as("operator-alice", "auth", "can-i", ...asked)).toMatchObject({ exit: 1, stdout: "no\n" });
});

test("what the refusal says gives what is missing", async () => {
  expect(await as("operator-bob", "provider", "remove", "aws")).toMatchObject({
    exit: 4,
    stderr: expect.stringContaining(" role create bob-remove-provider --allow 'remove provider aws'"),
  });
  const role = "bob-remove-provider";
  await as("admin", "role", "create", role, "--allow", "remove provider aws");
  await as("admin", "role", "grant", role, "--to", "bob");
  expect(await as("operator-bob", "provider", "remove", "aws")).toMatchObject({
    exit: 3,
    stderr: expect.stringContaining("there is no provider aws"),
  });
});

test("who one is, and what one may do, is asked of the leader", async () => {
  expect(await as("operator-alice", "auth", "whoami")).toMatchObject({
    exit: 0,
    stdout: "fleet://operator/alice\n  may read everything, and change what team-a allows\n",
  });
  expect((await as("admin", "auth", "whoami")).stdout).toContain("may do everything, whatever the roles say");
  const asked = ["auth", "can-i", "drain", "shard", "b-1"];
  expect(await as("operator-bob", ...asked)).toMatchObject({ exit: 0, stdout: "yes\n" });
  expect(await as("admin", ...asked)).toMatchObject({ exit: 0, stdout: "yes\n" });
  expect(await as("admin", ...asked, "--as", "alice")).toMatchObject({ exit: 1, stdout: "no\n" });
  expect(await as("admin", ...asked, "--as", "nobody-yet")).toMatchObject({ exit: 1, stdout: "no\n" });
  expect(await as("operator-alice", ...asked, "--as", "bob")).toMatchObject({
    exit: 4,
    stderr: expect.stringContaining("may ask only for itself"),
  });
  const listed = await as("operator-alice", "auth", "can-i", "--list", "-o", "json");
  expect(JSON.parse(listed.stdout)).toMatchObject({
    ...{ administrator: false, identity: "fleet://operator/alice" },
    rules: [{ role: "team-a" }, { role: "team-a" }],
  });
});

test.each([
  {
    words: ["auth", "can-i", "fly", "shard", "s1"],
    exit: 2,
    says: "the table shard has no verb fly; its verbs are use, drain",
  },
  {
    words: ["auth", "can-i", "drain", "ships", "s1"],
    exit: 2,
    says: "a role can't have the table ships; the tables are",
  },
  { words: ["auth", "can-i"], exit: 2, says: "VERB and TABLE are missing" },
  { words: ["auth", "can-i", "drain", "shard", "--list"], exit: 2, says: "--list takes no VERB" },
  { words: ["role", "create", "x", "--allow", "drain"], exit: 2, says: "drain is not a rule of a role" },
  {
    words: ["role", "create", "x", "--allow", "fly shard s1"],
    exit: 2,
    says: "the table shard has no verb fly",
  },
  {
    words: ["role", "create", "team-a", "--allow", "drain shard s1"],
    exit: 9,
    says: "role team-a exists already",
  },
  { words: ["role", "delete", "team-a"], exit: 9, says: "1 operator has role team-a: alice" },
  { words: ["role", "show", "x"], exit: 3, says: "there is no role x" },
  { words: ["role", "grant", "x", "--to", "alice"], exit: 3, says: "there is no role x" },
  { words: ["role", "grant", "team-a", "--to", "Alice"], exit: 2, says: "cannot name an operator" },
])("a mistake is told: $words", async ({ words, exit, says }) => {
  expect(await as("admin", ...words)).toMatchObject({ exit, stderr: expect.stringContaining(says) });
});

test("nobody but an administrator changes roles, and an operator sees them", async () => {
  for (const words of [
    ["role", "create", "mine", "--allow", "* * *"],
    ["role", "grant", "team-b", "--to", "alice"],
    ["role", "revoke", "team-b", "--from", "bob"],
    ["role", "delete", "team-b"],
  ]) {
    expect(await as("operator-alice", ...words)).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("FLEET_E_ADMINISTRATOR_ONLY"),
    });
  }
  const listed = await as("operator-alice", "role", "list");
  expect(listed.stdout).toMatch(
    /^team-a +activate,drain,use shard a-\*; bind,rebind,unbind cluster a\* +alice$/m,
  );
  expect((await as("operator-alice", "role", "show", "team-b")).stdout).toContain("operator bob has it");
});

test("without a role one reads, and the refusal of a change says what is missing", async () => {
  expect(await as("admin", "role", "revoke", "team-a", "--from", "alice")).toMatchObject({ exit: 0 });
  expect(await as("operator-alice", "shard", "list", "-o", "name")).toMatchObject({
    exit: 0,
    stdout: "a-1\na-2\nb-1\n",
  });
  expect(await as("operator-alice", "shard", "drain", "a-1")).toMatchObject({
    exit: 4,
    stderr: expect.stringContaining("may not drain shard a-1"),
  });
  const entries = await as("admin", "audit", "list", "-o", "jsonl");
  const actors = entries.stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).actor]));
  expect(new Set(actors)).toContain("fleet://operator/alice");
});
