// The load generator drives a real coordinator: every write that it counts was acknowledged and is in the log.
// No speed is asserted here.

import { afterAll, beforeAll, expect, test } from "vitest";
import { benchFairness } from "../../bench/fairness.ts";
import { benchKv } from "../../bench/kv.ts";
import { FleetStore } from "../../bench/load/fleet-store.ts";
import { generate } from "../../bench/load/generate.ts";
import { GroupFleet } from "../../bench/load/group-fleet.ts";
import { settledLeader } from "../../bench/load/store.ts";
import { benchRestore } from "../../bench/restore.ts";
import { benchSize } from "../../bench/size.ts";
import { ACTORS } from "../../bench/soak/actors.ts";
import { benchSoak } from "../../bench/soak.ts";
import { burst } from "../../bench/storm/bursts.ts";
import { benchTop } from "../../bench/top.ts";
import { benchWaves } from "../../bench/waves.ts";
import { present } from "../../src/core/base/assert.ts";
import { SIZES } from "../../src/core/lab/size.ts";

// Few enough that no file of the audit log is full: to note its export is a write of the coordinator's own.
const WRITES = 150;
const LIMIT_MS = 120_000;

let fleet: FleetStore;

beforeAll(async () => {
  fleet = await FleetStore.start({ nodes: 1, tls: "plaintext" });
});

afterAll(() => fleet?.dispose());

test.each([
  { way: "unary", outstanding: 1, why: "one write after the other" },
  { way: "unary", outstanding: 64, why: "many writes of one session at once" },
  { way: "write stream", outstanding: 1, why: "one write after the other" },
  { way: "write stream", outstanding: 64, why: "many writes of one session in one message" },
] as const)("$way, $outstanding outstanding: $why, each acknowledged and applied", async (row) => {
  const { way, outstanding } = row;
  const leader = await settledLeader(fleet);
  const writer = await fleet.connect(leader, way);
  const before = await appliedBy(leader);
  const { latenciesMs } = await generate(writer, outstanding, (acknowledged) => acknowledged >= WRITES);
  writer.close();
  const after = await appliedBy(leader);
  expect(latenciesMs.length).toBeGreaterThanOrEqual(WRITES);
  expect(after - before).toBe(latenciesMs.length);
});

/** A look at a busy process may come to nothing. */
async function appliedBy(leader: Parameters<FleetStore["look"]>[0]): Promise<number> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = await fleet.look(leader);
    if (seen !== null) return seen.applied;
    if (performance.now() > endMs) throw new Error("the leader answered no look");
  }
}

test("bursts of all three kinds are served or refused with a delay, and none is lost", async () => {
  const sizes = { writes: 600, reads: 300, watches: 50, forMs: 0 };
  const bursts = await burst(fleet, sizes);
  expect(bursts.map(({ kind, rounds }) => [kind, rounds])).toEqual([
    ["writes", 1],
    ["reads", 1],
    ["unread watches", 1],
  ]);
  for (const { calls, served, refused, failed } of bursts) {
    expect(served).toBeGreaterThan(0);
    expect(served + refused + [...failed.values()].reduce((sum, next) => sum + next, 0)).toBe(calls);
  }
});

test("a fleet of many groups is founded, counted and quiet", async () => {
  const groups = await GroupFleet.prepare(6);
  try {
    groups.start();
    await groups.untilAllLed();
    await groups.untilQuiescent();
    const server = present(groups.servers[0], "there are three");
    await expect.poll(() => groups.look(server)).toMatchObject({ hosted: 7 });
    expect(await groups.diskBytes()).toBeGreaterThan(0);
  } finally {
    await groups.dispose();
  }
});

test("a coordinator is measured by its rows: filled, listed, saved, restarted and watched", async () => {
  const [table] = await benchSize([600], { watchers: 3, snapshotEvery: 200 });
  const rows = new Map(table?.rows.map(([what = "", measured = ""]) => [what, measured]));
  expect(table?.header).toEqual(["what", "600 domains"]);
  for (const what of ["filling", "all domains, page after page", "snapshot: save", "restart from it"]) {
    expect(rows.get(what)).toMatch(/^\d+ ms$/);
  }
  expect(rows.get("resident after the restart")).toMatch(/^\d+ MB$/);
  expect(rows.get("3 watchers get 4 096 moves")).toMatch(/^\d+ ms, /);
});

test("a replica is measured while it restarts, and while it is receiving a snapshot", async () => {
  const [table] = await benchRestore(2_000);
  const rows = new Map(table?.rows.map(([what = "", measured = ""]) => [what, measured]));
  expect(table?.title).toContain("2000 domains");
  for (const what of ["restart", "receiving: restored", "receiving: longest pause"]) {
    expect(rows.get(what)).toMatch(/^\d+ ms$/);
  }
  expect(Number(rows.get("receiving: peak ÷ steady memory"))).toBeGreaterThan(0);
});

test("a lab beside hostile callers loses no acknowledged write", async () => {
  const lab = { ...SIZES.S, domains: 50 };
  const [table, attacks] = await benchSoak({ lab, crowd: { connections: 8, streamsEach: 2 }, forMs: 2_000 });
  const rows = new Map(table?.rows.map(([what = "", , beside = ""]) => [what, beside]));
  expect(table?.title).toContain("8 connections with 16 streams");
  expect(rows.get("acknowledged writes lost")).toBe("0");
  expect(Number(rows.get("commits"))).toBeGreaterThan(0);
  expect(rows.get("connections still open at the end")).toMatch(/^\d of 8$/);
  expect(rows.get("streams still open at the end")).toMatch(/^\d+ of 16$/);
  expect(attacks?.rows.map(([name]) => name)).toEqual(Object.keys(ACTORS));
  // Each is under way when they are told to stop, and ends its round.
  expect(attacks?.rows.filter(([, rounds]) => rounds === "0")).toEqual([]);
});

test("one shard's storm beside another shard and an administrator comes to six ratios", async () => {
  const [table] = await benchFairness({ rounds: 1, phaseMs: 300, connections: 3, atOnce: 4 });
  expect(table?.rows.length).toBe(6);
  for (const row of table?.rows ?? []) expect(Number(row[3])).toBeGreaterThan(0);
});

test("the dashboard is measured by its keys and frames, at rest, and by its memory", async () => {
  const tables = await benchTop({ manyClusters: 300, clusters: 50, frames: 50, steadyMs: 600 });
  const [keys, rest, memory] = tables;
  expect(keys?.rows.map(([key]) => key)).toEqual([
    ...["down", "end", "filter, first letter", "sort by name", "sort by shard", "open", "overview"],
  ]);
  for (const row of keys?.rows ?? []) for (const cell of row.slice(1)) expect(cell).toMatch(/^\d+\.\d ms$/);
  expect(rest?.rows[0]?.[1]).toMatch(/^\d+\.\d % of a core$/);
  expect(memory?.rows.map(([what]) => what)).toEqual(["heap after 10 frames", "heap after 50 frames"]);
});

test("keys are measured beside an etcd, if there is one, by clients with and without TLS", async () => {
  const short = { nodes: 1, rounds: 1, kills: 0, mayInstall: false, warmUpMs: 50, measureMs: 200 } as const;
  const tables = await benchKv({ ...short, tls: ["plaintext", "mutual"] });
  const loads = tables.filter(({ title }) => title.includes("calls a second"));
  expect(loads.map(({ title }) => title.split(":")[0])).toEqual(["Keys, plaintext", "Keys, mutual TLS"]);
  for (const { rows } of loads) {
    expect(rows.map(([what]) => what)).toContain("puts, 64, grpc-js client");
    for (const [, , , fleet = ""] of rows) expect(Number.parseInt(fleet, 10)).toBeGreaterThan(0);
  }
});

test("a migration in waves outlives two killed leaders: all moved, none at two shards", async () => {
  const [table] = await benchWaves(60);
  const rows = new Map(table?.rows.map(([what = "", measured = ""]) => [what, measured]));
  expect(table?.title).toContain("the leader killed 2 times");
  expect(rows.get("plan")).toBe("done");
  expect(rows.get("clusters at their target")).toBe("60");
  expect(rows.get("served by two shards at a look")).toBe("0");
});
