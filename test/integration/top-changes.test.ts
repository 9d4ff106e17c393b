// Changes from `fleet top --write` in a real terminal over a real fleet. Leadership is handed over and marked
// clusters are moved. Nothing of it happens before its dry run was answered.

import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { leaderOf, program, TestFleet } from "./local-fleet.ts";
import { TestTerminal } from "./terminal.ts";

const SIZE = { columns: 120, rows: 36 };
const ESCAPE = "\u001b";
const NODES = ["n1", "n2", "n3"];

let fleet: TestFleet;
let terminal: TestTerminal;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "6");
});
afterAll(() => fleet.dispose());
afterEach(() => terminal.dispose());

async function openTop(...args: readonly string[]): Promise<void> {
  const options = { cwd: fleet.home, env: fleet.env, ...SIZE };
  terminal = TestTerminal.open(process.execPath, [program, "top", ...args], options);
  await terminal.shows("● healthy");
  await terminal.shows("● 6 as declared");
}

const leaderNow = async (): Promise<string> =>
  leaderOf(await fleet.untilStatus(await fleet.client(), (status) => status.leader !== null));

test("without --write the keys say how to get it", async () => {
  await openTop();
  terminal.type("T");
  await terminal.shows("to transfer leadership from here, start it with: fleet top --write");
  terminal.type("4 ");
  await terminal.shows("to mark clusters and move them from here, start it with: fleet top --write");
});

test("leadership is handed to the node under the cursor, once it was answered", async () => {
  await openTop("--write", "--reason", "a new kernel");
  const before = await leaderNow();
  const next = present(
    NODES.find((name) => name !== before),
    "two nodes follow",
  );
  terminal.type("1");
  await terminal.shows("  nodes 3");
  terminal.type("j".repeat(NODES.indexOf(next)));
  await terminal.shows(`› ${next}`);
  terminal.type("T");
  await terminal.shows(`$ fleet leader transfer ${next} --reason 'a new kernel'`);
  await terminal.shows(`${next} would lead`);
  expect(await leaderNow()).toBe(before);
  terminal.type("y");
  await terminal.until("done", ({ text }) => new RegExp(`${next} leads term \\d+`).test(text));
  expect(await leaderNow()).toBe(next);
  const { stdout } = await fleet.run("audit", "list", "--tail", "5", "-o", "json");
  expect(stdout).toContain("a new kernel");
  terminal.type(ESCAPE);
  await terminal.until("the panel closed", ({ text }) => !text.includes("fleet leader transfer"));
});

test("marked clusters are moved, with the fleet's name typed first", async () => {
  const client = await fleet.client();
  const ownersOf = async () => {
    const { clusters } = await client.listClusters();
    return new Map(clusters.map(({ clusterId, declared }) => [clusterId, declared?.shardId]));
  };
  const before = await ownersOf();
  const away = [...before].filter(([, shard]) => shard !== "s2").map(([cluster]) => cluster);
  const [first, second] = away;
  await openTop("--write");
  terminal.type(`4/declared!=s2\r`);
  await terminal.shows(`clusters ${away.length} of 6`);
  terminal.type("  ");
  await terminal.shows("2 marked");
  terminal.type("M");
  await terminal.shows("move to shard: ");
  terminal.type("s2\r");
  await terminal.shows(`$ fleet rebind ${first} ${second} --to s2`);
  await terminal.shows("type local and enter to do it");
  expect(await ownersOf()).toEqual(before);
  terminal.type("local\r");
  await terminal.until("the moves done", ({ text }) => /move 2 clusters to s2 ● done/.test(text), 90_000);
  const after = await ownersOf();
  expect([after.get(first ?? ""), after.get(second ?? "")]).toEqual(["s2", "s2"]);
  expect(terminal.text).not.toContain("2 marked");
});

test("a shard is drained and activated; a drill's reports and an interrupted one are in sight", async () => {
  const drilled = await fleet.run("drill", "run", "transfer", "--yes");
  expect(drilled).toMatchObject({ exit: 0 });
  const left = {
    ...{ schemaVersion: 1, drillId: "kill-leader-1", drill: "kill-leader", fleet: "local" },
    ...{ host: hostname() },
    ...{ startedAt: "2026-01-01T00:00:00.000Z", process: { pid: 999_999_99, startTime: "0" } },
    undo: [{ kind: "start", node: "n2" }],
  };
  const journal = join(fleet.directory, "drills", "kill-leader-1.journal.json");
  await writeFile(journal, JSON.stringify(left));
  await openTop("--write");
  terminal.type("3");
  await terminal.shows("› s1");
  terminal.type("D");
  await terminal.shows("would drain shard s1");
  terminal.type("y");
  await terminal.shows("shard s1 is being drained (index");
  terminal.type(ESCAPE);
  terminal.type("A");
  await terminal.shows("would activate shard s1");
  terminal.type("y");
  await terminal.shows("shard s1 is active (index");
  terminal.type(ESCAPE);
  terminal.type(":drills\r");
  await terminal.shows("✗ interrupted");
  await terminal.shows("heal it with: fleet drill heal");
  await terminal.until("what is possible", ({ text }) => /lose-quorum +● possible/.test(text));
  terminal.type("/state=passed\r");
  await terminal.until("the report", ({ text }) => /transfer +● passed/.test(text));
  terminal.type("\r");
  await terminal.shows("what it measured");
  terminal.type("G");
  await terminal.shows("● verdict: pass");
  await rm(journal);
});

test("a shard is labelled, and evacuated once the fleet's name is typed", async () => {
  const client = await fleet.client();
  const ownedByFirst = async () =>
    (await client.listClusters()).clusters.filter(({ declared }) => declared?.shardId === "s2").length;
  const before = await ownedByFirst();
  expect(before).toBeGreaterThan(0);
  await openTop("--write");
  terminal.type("3");
  await terminal.shows("› s1");
  terminal.type("j");
  await terminal.shows("› s2");
  terminal.type("L");
  await terminal.shows("label s2: ");
  terminal.type("rack=7\r");
  await terminal.shows("$ fleet shard label s2 rack=7");
  await terminal.shows("would label shard s2 rack=7");
  terminal.type("y");
  await terminal.shows("labelled shard s2 rack=7 (index");
  terminal.type(ESCAPE);
  terminal.type("E");
  await terminal.shows("$ fleet shard evacuate s2");
  await terminal.shows(`${before} clusters to move`);
  await terminal.shows("type local and enter to do it");
  expect(await ownedByFirst()).toBe(before);
  terminal.type("local\r");
  await terminal.until("the evacuation", ({ text }) => /evacuate shard s2 ● done/.test(text), 90_000);
  await terminal.shows(`${before} of ${before} clusters moved`);
  expect(await ownedByFirst()).toBe(0);
});

test("a drill runs once the fleet's name is typed, and one that is cancelled puts everything back", async () => {
  await openTop("--write");
  terminal.type(":drills\r/state=possible drill=transfer\r");
  await terminal.shows("drills 1 of ");
  terminal.type("X");
  await terminal.shows("$ fleet drill run transfer");
  await terminal.shows("and the quorum survives it");
  terminal.type("y\r");
  await terminal.shows("type local exactly, or esc");
  terminal.type("\u007flocal\r");
  await terminal.shows("under way for");
  await terminal.until("its verdict", ({ text }) => /run the drill transfer ● done/.test(text), 90_000);
  terminal.type(ESCAPE);
  terminal.type("X");
  await terminal.shows("and the quorum survives it");
  terminal.type("local\r");
  await terminal.shows("under way for");
  terminal.type("c");
  await terminal.until("what was healed", ({ text }) => text.includes("the drill's fault is healed"), 90_000);
  expect((await fleet.run("drill", "heal")).stdout).toContain("nothing to heal");
});

test("a signal during a change puts the screen back first, and what it says of the change stays there", async () => {
  const env = { ...fleet.env, PS1: "$ ", TOP: `${process.execPath} ${program} top --write` };
  terminal = TestTerminal.open("sh", [], { cwd: fleet.home, env, ...SIZE });
  await terminal.shows("$");
  terminal.type(`sh -c 'echo $$ > pid; exec $TOP'; echo "exit $?"; echo "all"" done"\r`);
  await terminal.shows("● healthy");
  terminal.type(":drills\r/state=possible drill=transfer\r");
  await terminal.shows("drills 1 of ");
  terminal.type("X");
  await terminal.shows("and the quorum survives it");
  terminal.type("local\r");
  await terminal.shows("under way for");
  process.kill(Number(await readFile(join(fleet.home, "pid"), "utf8")), "SIGTERM");
  await terminal.until("the shell", ({ text }) => text.includes("\nall done"), 90_000);
  expect(terminal.isAlternate).toBe(false);
  expect(terminal.text).toContain("still under way, and cancelled: run the drill transfer");
  expect(terminal.text).toContain("it has ended; to see what it left: fleet status");
  expect(terminal.text).toContain("\nexit 130\n");
  expect((await fleet.run("drill", "heal")).stdout).toContain("nothing to heal");
});
