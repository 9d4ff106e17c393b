// All three disks are lost, by real processes: the leader has exported its state on schedule, everything is killed,
// every data folder deleted, and the fleet goes on from the export, with its shards, as a new cluster that grows again.

import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fleetFilePath, processFiles } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { type Ran, runProgram, TestFleet } from "./local-fleet.ts";
import { S3_USER, S3Server } from "./s3-server.ts";

const WRITES = 10;
let server: S3Server;

beforeAll(async () => {
  server = await S3Server.open();
});
afterAll(() => server.close());

describe.each([
  { kind: "a folder", placeOf: (fleet: TestFleet) => join(fleet.home, "exports") },
  { kind: "a bucket", placeOf: () => server.place("disaster") },
])("exported to $kind", ({ placeOf, kind }) => {
  let fleet: TestFleet;
  let place: string;
  const clients: FleetClient[] = [];

  beforeAll(async () => {
    fleet = await TestFleet.empty();
    place = placeOf(fleet);
    await ok("init", "--shards", "1", "--clusters", "1", "--snapshot-to", place);
    await ok("down");
    const path = fleetFilePath(fleet.directory);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/^(snapshots:\n {2}to: .*\n)/m, "$1  everySeconds: 1\n  keep: 3\n"));
    await ok("up");
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => fleet.dispose());

  function run(...args: readonly string[]): Promise<Ran> {
    return runProgram(args, { cwd: fleet.home, env: { ...fleet.env, ...S3_USER } });
  }

  async function ok(...args: readonly string[]): Promise<Ran> {
    const ran = await run(...args);
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ exit: 0 });
    return ran;
  }

  const json = async (...args: readonly string[]) => JSON.parse((await ok(...args, "--json")).stdout);

  async function client(): Promise<FleetClient> {
    const opened = await fleet.connect();
    clients.push(opened);
    return opened;
  }

  async function until(wanted: (status: FleetStatus) => boolean): Promise<FleetStatus> {
    return await fleet.untilStatus(await client(), wanted);
  }

  /** Number of the newest term that a node has told. */
  const termOf = ({ nodes }: FleetStatus) => Math.max(...nodes.map(({ status }) => status?.term ?? 0));
  const leaderOf = ({ nodes }: FleetStatus) =>
    nodes.find(({ status }) => status?.role === Role.LEADER)?.status;
  let lost: { readonly term: number; readonly lastIndex: number };
  let kept: string;

  test("the leader exports what was written, and every export is what it says", async () => {
    const writer = await client();
    let last = 0;
    for (let number = 1; number <= WRITES; number += 1) {
      const operation = { kind: { $case: "recordProbe", value: { drillId: "d", number } } } as const;
      last = (await writer.submit(operation)).index;
    }
    await until((status) => {
      const leads = leaderOf(status);
      return leads?.snapshotExport !== undefined && leads.snapshotExport.index >= last;
    });
    const { snapshots } = await json("snapshot", "verify", "--all");
    const states = snapshots.map(({ state }: { state: string }) => state);
    expect(states.filter((state: string) => state === "verified").length).toBeGreaterThanOrEqual(1);
    expect(states).not.toContain("damaged");
  });

  test("the shards hear a term, and acknowledged writes, of which the export knows nothing", async () => {
    // The exports end here: to the rest of this file's fleet the store is out of reach.
    await ok("down");
    const path = fleetFilePath(fleet.directory);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace("everySeconds: 1", "everySeconds: 86400"));
    await ok("up");
    const before = (await json("snapshot", "list")).snapshots[0];
    // Refused while no other node could take over within an election timeout.
    await expect.poll(async () => (await run("leader", "step-down", "--timeout", "30s")).exit).toBe(0);
    const writer = await client();
    const operation = { kind: { $case: "recordProbe", value: { drillId: "d", number: 99 } } } as const;
    await writer.submit(operation, { deadlineMs: 30_000 });
    await expect
      .poll(async () => (await (await client()).listShards({ deadlineMs: 20_000 })).shards[0]?.observed)
      .toBeDefined();
    const status = await until(({ nodes }) => nodes.every((node) => node.lag === 0));
    lost = { term: termOf(status), lastIndex: present(leaderOf(status), "one leads").lastIndex };
    expect(lost.term).toBeGreaterThan(Number(before.term));
    expect(lost.lastIndex).toBeGreaterThan(Number(before.index));
  });

  test("while a node runs, or a disk is left, nothing is restored", async () => {
    expect((await run("snapshot", "restore", "--yes")).stderr).toContain("FLEET_E_FLEET_RUNS");
    for (const name of ["n1", "n2", "n3"]) await fleet.kill(name);
    kept = join(fleet.home, "kept");
    await cp(processFiles(fleet.directory, "n1").data, kept, { recursive: true });
    const refused = await run("snapshot", "restore", "--yes");
    expect(refused).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_DATA_THERE") });
    for (const name of ["n1", "n2", "n3"]) {
      await rm(processFiles(fleet.directory, name).data, { recursive: true });
    }
  });

  test("what is missing is said: without an end, or exactly when an old folder is compared", async () => {
    const unknown = await json("snapshot", "restore", "--dry-run");
    const from = Number(unknown.exportedIndex) + 1;
    expect([Number(unknown.missing.fromIndex), unknown.missing.throughIndex]).toEqual([from, null]);
    const known = await json("snapshot", "restore", "--dry-run", "--compare", kept);
    expect(Number(known.missing.throughIndex)).toBeGreaterThanOrEqual(lost.lastIndex);
    const unasked = await run("snapshot", "restore");
    expect(unasked).toMatchObject({ exit: 2, stderr: expect.stringContaining("are missing") });
  });

  test("the fleet goes on from the exported state, byte for byte, at the next index and term, as another incarnation", async () => {
    const restored = await json("snapshot", "restore", "--yes", "--reason", "three disks lost");
    const { index, term } = (await json("snapshot", "list")).snapshots[0];
    expect([Number(restored.index), Number(restored.term)]).toEqual([Number(index) + 1, Number(term) + 1]);
    expect(Number(restored.index)).toBeLessThanOrEqual(lost.lastIndex);
    expect(Number(restored.term)).toBeLessThanOrEqual(lost.term);
    const { file } = await loadLocalFleet(fleet.directory);
    expect(file).toMatchObject({ clusterId: restored.clusterId, nodes: [{ name: restored.node }] });
    await ok("up");
    const observer = await client();
    const [node] = observer.endpoints;
    const seen = await observer.observe(present(node, "one node is left"), {
      hashAtIndex: Number(restored.index),
      timeoutMs: 20_000,
    });
    // Where the new log begins the tables are the exported ones.
    expect(seen.status?.hashAt).toBe(restored.stateHash);
    expect(seen.status?.incarnation).toMatchObject({ id: restored.clusterId, epoch: Number(restored.epoch) });
    const { probes } = await observer.listProbes("d", { deadlineMs: 20_000 });
    expect(probes.map(({ number }) => number)).toEqual(Array.from({ length: WRITES }, (_, at) => at + 1));
    const { entries } = await observer.listAudit({ deadlineMs: 20_000 });
    const recovery = entries.find(({ what }) => what.startsWith("recover from node"));
    expect(recovery).toMatchObject({ reason: "three disks lost" });
  });

  test("the shard, which has heard a higher term than the export's, obeys the new leader", async () => {
    await expect
      .poll(async () => {
        const { clusters } = await (await client()).listClusters({ deadlineMs: 20_000 });
        return clusters.map(({ observed }) => observed.some((row) => row.session && row.bound));
      })
      .toEqual([true]);
    // The leader knows its report before the shard has the answer.
    const log = () => readFile(processFiles(fleet.directory, "s1").log, "utf8");
    await expect.poll(log).toMatch(/obeys another incarnation/);
  });

  test("it grows back to three, and all hold the same", async () => {
    for (const name of ["n2", "n3"]) await ok("member", "add", "--name", name, "--wait", "--timeout", "120s");
    await until(
      ({ nodes, hashesAgree }) =>
        nodes.length === 3 && hashesAgree === true && nodes.every(({ reachable }) => reachable),
    );
  });

  test("a new fleet elsewhere can be made of it, once", async () => {
    const elsewhere = join(fleet.home, "elsewhere");
    const args = ["snapshot", "restore", "--from", place, "--dir", elsewhere, "--name", "spare", "--yes"];
    const restored = await json(...args);
    await ok("up", "--dir", elsewhere);
    const nodes = async () => (await json("status", "--dir", elsewhere)).nodes;
    await expect.poll(nodes).toMatchObject([{ name: restored.node }]);
    const again = await run(...args);
    expect(again.exit, again.stderr).not.toBe(0);
    await ok("down", "--dir", elsewhere);
  });

  test.runIf(kind === "a folder")("damaged ones are named and not restored", async () => {
    const { snapshots } = await json("snapshot", "list");
    const names = snapshots.map(({ name }: { name: string }) => name);
    expect(names.length).toBeGreaterThanOrEqual(2);
    const [corrupted, truncated] = names;
    const state = (name: string) => join(place, name, "state");
    const bytes = await readFile(state(corrupted));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(state(corrupted), bytes);
    await writeFile(state(truncated), (await readFile(state(truncated))).subarray(0, -3));
    const orphan = "20260101T000000000Z-7";
    await mkdir(join(place, orphan));
    await writeFile(join(place, orphan, "state"), "x");
    const verified = await run("snapshot", "verify", "--all");
    expect(verified.exit).toBe(1);
    expect(verified.stdout).toContain(`${corrupted}: its SHA-256`);
    expect(verified.stdout).toMatch(new RegExp(`${truncated}: it has \\d+ bytes`));
    expect(verified.stdout).toContain(`${orphan}: it has no manifest`);
    for (const name of [corrupted, truncated, orphan]) {
      const args = [
        "snapshot",
        "restore",
        name,
        "--from",
        place,
        "--dir",
        join(fleet.home, "nowhere"),
        "--yes",
      ];
      const refused = await run(...args);
      expect(refused).toMatchObject({ exit: 1, stderr: expect.stringContaining("FLEET_E_SNAPSHOT_DAMAGED") });
    }
    expect(await readdir(fleet.home)).not.toContain("nowhere");
  });
});
