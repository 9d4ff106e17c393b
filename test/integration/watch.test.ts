// Watching the tables of a real cluster. Across the death of the watched node, a watcher gets every change once and
// in order. A node that no longer knows them says so.

import { afterEach, expect, test } from "vitest";
import { type WatchEvent, watchTables } from "../../src/client/table-watch.ts";
import { present } from "../../src/core/base/assert.ts";
import type { TableChange } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { WatchTable } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { assignDomain, bindCluster, registerShard, unassignDomain, unbindCluster } from "./fleet-writes.ts";
import { program } from "./local-fleet.ts";
import { RunningCommand } from "./running-command.ts";

const DEADLINE = { deadlineMs: 60_000 };
const WRITERS = 8;
const ROUNDS = 60;

let cluster: CoordinatorCluster;
afterEach(() => cluster.dispose());

/** Collects what a watch tells until it is stopped. */
class Told {
  readonly changes: TableChange[] = [];
  resets = 0;
  revision = 0;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(watch: (signal: AbortSignal) => AsyncGenerator<WatchEvent>) {
    this.#done = this.#collect(watch(this.#stop.signal));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #collect(events: AsyncGenerator<WatchEvent>): Promise<void> {
    for await (const event of events) {
      this.revision = event.revision;
      if (event.kind === "changes") this.changes.push(...event.changes);
      else this.resets += 1;
    }
  }
}

test("a watch across a kill of the leader tells every change once and in order", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 100_000, profile: "wan" });
  const client = cluster.client();
  const [watched] = cluster.nodes;
  const victim = present(watched, "there are three nodes");
  await cluster.leader();
  // The watch begins at the first endpoint, so that is the node to kill.
  const to = { toNode: victim.name, fromNode: "", reason: "", dryRun: false };
  await client.transferLeadership(to, 60_000);
  for (const shard of ["s1", "s2"]) await client.submit(registerShard(shard), DEADLINE);
  const tables = [WatchTable.BINDINGS, WatchTable.DOMAINS];
  const troubles: string[] = [];
  const onTrouble = (address: string) => troubles.push(address);
  const told = new Told((signal) => client.watch({ tables, signal, onTrouble }));
  await expect.poll(() => told.revision).toBeGreaterThan(0);

  let rounds = 0;
  let last = 0;
  const writer = async (lane: number) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `${lane}-${round}`;
      await client.submit(bindCluster(`c${name}`, `s${(round % 2) + 1}`), DEADLINE);
      await client.submit(assignDomain(`z${lane}`, "s1"), DEADLINE);
      last = Math.max(last, (await client.submit(unassignDomain(`z${lane}`), DEADLINE)).index);
      rounds += 1;
    }
  };
  const writers = Promise.all(Array.from({ length: WRITERS }, (_, lane) => writer(lane)));
  await expect.poll(() => rounds).toBeGreaterThan((WRITERS * ROUNDS) / 3);
  await cluster.kill(victim);
  await writers;
  await cluster.start(victim);
  await expect.poll(() => told.revision).toBeGreaterThanOrEqual(last);
  await told.stop();

  expect(troubles, "the stream did break").toContain(victim.front.address);
  expect(told.resets).toBe(0);
  const indexes = told.changes.map(({ index }) => index);
  expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
  expect(indexes.length, "one change to a log entry, none twice").toBe(new Set(indexes).size);
  const perTable = (table: WatchTable) => told.changes.filter((change) => change.table === table);
  expect(perTable(WatchTable.BINDINGS)).toHaveLength(WRITERS * ROUNDS);
  expect(perTable(WatchTable.DOMAINS)).toHaveLength(2 * WRITERS * ROUNDS);
  const { clusters } = await client.listClusters(DEADLINE);
  const bindings = perTable(WatchTable.BINDINGS).map(({ row }) => row?.$case === "binding" && row.value);
  expect(bindings.toSorted(byCluster)).toEqual(clusters.map(({ declared }) => declared));
  const { domains } = await client.listDomains(DEADLINE);
  expect(domains).toEqual([]);
  expect(rowsLeft(perTable(WatchTable.DOMAINS))).toEqual([]);
});

test("a node that restarted from a snapshot resets a watch from before it, and then tells on", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 50 });
  const client = cluster.client();
  const node = present(cluster.nodes[2], "there are three nodes");
  await client.submit(registerShard("s1"), DEADLINE);
  for (let at = 0; at < 120; at += 1) await client.submit(bindCluster(`c${at}`, "s1"), DEADLINE);
  await cluster.until((statuses) => statuses.every((status) => status.snapshotIndex > 50));
  await cluster.kill(node);
  await cluster.start(node);
  await cluster.until((statuses) => statuses.every((status) => status.leaderId !== 0));

  const open = (_: string, request: Parameters<typeof node.client.watch>[0]) => node.client.watch(request);
  const source = { addresses: [node.front.address], open };
  const told = new Told((signal) => watchTables(source, { tables: [], afterRevision: 3, signal }));
  await expect.poll(() => told.resets).toBe(1);
  const { stamp, clusters } = await client.listClusters({
    consistency: { $case: "atLeastIndex", value: told.revision },
    ...DEADLINE,
  });
  expect(clusters).toHaveLength(120);
  expect(stamp?.index).toBeGreaterThanOrEqual(told.revision);
  const { index } = await client.submit(bindCluster("later", "s1"), DEADLINE);
  await expect.poll(() => told.changes.some((change) => change.index === index)).toBe(true);
  expect(told.resets).toBe(1);
  await told.stop();
});

test("fleet watch writes a document a change into a pipe, and Ctrl-C prints the revision to continue from", async () => {
  cluster = await CoordinatorCluster.start({ size: 1, snapshotEvery: 100_000 });
  const client = cluster.client();
  await client.submit(registerShard("s1"), DEADLINE);
  const command = ["watch", "bindings", "instructions", ...cluster.flags];
  const watching = new RunningCommand(program, command, "/", { ...process.env, HOME: "/nonexistent" });
  expect(await watching.says(/watching after revision \d+/)).toBe(true);
  const bound = await client.submit(bindCluster("c1", "s1"), DEADLINE);
  await client.submit(unbindCluster("c1", true), DEADLINE);
  const { index } = await client.submit(assignDomain("z1", "s1"), DEADLINE);
  await expect.poll(() => watching.output.includes("z1")).toBe(true);
  watching.signal("SIGINT");
  const { exit, stdout, stderr } = await watching.ended();
  expect(exit).toBe(130);
  expect(stderr).toMatch(
    new RegExp(`continue with: fleet --endpoints .* watch bindings instructions --after ${index} `),
  );
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    {
      kind: "TableChange",
      table: "bindings",
      key: ["c1"],
      row: { shardId: "s1", version: `${bound.index}` },
    },
    { kind: "TableChange", table: "bindings", key: ["c1"], row: null },
    { kind: "TableChange", table: "instructions", key: ["s1", "zone", "z1"], row: { action: "assign" } },
  ]);
});

test("client sessions are watched by name only, and listed", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 100_000 });
  const client = cluster.client();
  const { index: first } = await client.submit(registerShard("s1"), DEADLINE);
  const all = new Told((signal) => client.watch({ tables: [], afterRevision: first, signal }));
  const tables = [WatchTable.CLIENT_SESSIONS];
  const told = cluster.nodes.map(({ front, client: node }) => {
    const open = (_: string, request: Parameters<typeof node.watch>[0]) => node.watch(request);
    const source = { addresses: [front.address], open };
    return new Told((signal) => watchTables(source, { tables, afterRevision: first, signal }));
  });
  const indexes: number[] = [];
  for (let at = 0; at < 20; at += 1) {
    indexes.push((await client.submit(bindCluster(`c${at}`, "s1"), DEADLINE)).index);
  }
  const last = indexes.at(-1) ?? 0;
  for (const each of [all, ...told]) {
    await expect.poll(() => each.revision).toBeGreaterThanOrEqual(last);
    await each.stop();
  }
  expect(told[0]?.changes.map(({ index }) => index)).toEqual(indexes);
  expect(told[1]?.changes, "every replica tells the same").toEqual(told[0]?.changes);
  expect(told[2]?.changes).toEqual(told[0]?.changes);
  expect(all.changes.some(({ table }) => table === WatchTable.CLIENT_SESSIONS)).toBe(false);
  const { sessions } = await client.listSessions(DEADLINE);
  expect(sessions).toEqual([told[0]?.changes.at(-1)?.row?.value]);
});

function byCluster(a: unknown, b: unknown): number {
  const name = (row: unknown) => (row instanceof Object && "clusterId" in row ? String(row.clusterId) : "");
  return name(a) < name(b) ? -1 : 1;
}

/** What is left when the changes are made one after another. */
function rowsLeft(changes: readonly TableChange[]): string[] {
  const rows = new Map<string, unknown>();
  for (const { key, row } of changes) {
    if (row === undefined) rows.delete(key.join("="));
    else rows.set(key.join("="), row.value);
  }
  return [...rows.keys()];
}
