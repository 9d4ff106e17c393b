// All three disks are lost, by real processes. The leader has exported its state on schedule; then everything is killed
// and every data folder deleted. The fleet continues from the export with its shards, as a new cluster that grows
// again. Each test asks for the stage that it is about (disaster-fleet.ts).

import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { DisasterFleet, parsed, WRITES } from "./disaster-fleet.ts";
import type { TestFleet } from "./local-fleet.ts";
import { S3Server } from "./s3-server.ts";

let server: S3Server;

beforeAll(async () => {
  server = await S3Server.open();
});
afterAll(() => server.close());

describe.each([
  { kind: "a folder", placeOf: (fleet: TestFleet) => join(fleet.home, "exports") },
  { kind: "a bucket", placeOf: () => server.place("disaster") },
])("exported to $kind", ({ placeOf, kind }) => {
  let disaster: DisasterFleet;

  beforeAll(async () => {
    disaster = await DisasterFleet.open(placeOf);
  });
  afterAll(() => disaster.close());

  test("the leader exports what was written, and every export is what it says", async () => {
    const { verified } = await disaster.exported();
    expect(verified.exit, verified.stderr).toBe(0);
    const states = parsed(verified).snapshots.map(({ state }: { state: string }) => state);
    expect(states.filter((state: string) => state === "verified").length).toBeGreaterThanOrEqual(1);
    expect(states).not.toContain("damaged");
  });

  test("the shards hear a term, and acknowledged writes, of which the export knows nothing", async () => {
    const { newest, fleet } = await disaster.ahead();
    expect(fleet.term).toBeGreaterThan(newest.term);
    expect(fleet.lastIndex).toBeGreaterThan(newest.index);
  });

  test("while a node runs, or a disk is left, nothing is restored", async () => {
    const { whileRunning, whileDataThere } = await disaster.lost();
    expect(whileRunning.stderr).toContain("FLEET_E_FLEET_RUNS");
    expect(whileDataThere).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_DATA_THERE") });
  });

  test("what is missing is said: without an end, or exactly when an old folder is compared", async () => {
    const { fleet } = await disaster.ahead();
    const { dryRun, compared, unasked } = await disaster.lost();
    const unknown = parsed(dryRun);
    const from = Number(unknown.exportedIndex) + 1;
    expect([Number(unknown.missing.fromIndex), unknown.missing.throughIndex]).toEqual([from, null]);
    expect(Number(parsed(compared).missing.throughIndex)).toBeGreaterThanOrEqual(fleet.lastIndex);
    expect(unasked).toMatchObject({ exit: 2, stderr: expect.stringContaining("are missing") });
  });

  test("the fleet continues at the next index and term, as another incarnation, with the exported tables", async () => {
    const { fleet } = await disaster.ahead();
    const { report, file, from, seen } = await disaster.restored();
    expect([Number(report.index), Number(report.term)]).toEqual([from.index + 1, from.term + 1]);
    expect(Number(report.index)).toBeLessThanOrEqual(fleet.lastIndex);
    expect(Number(report.term)).toBeLessThanOrEqual(fleet.term);
    expect(file).toMatchObject({ clusterId: report.clusterId, nodes: [{ name: report.node }] });
    // Where the new log begins the tables are the exported ones.
    expect(seen.status?.hashAt).toBe(report.stateHash);
    expect(seen.status?.incarnation).toMatchObject({ id: report.clusterId, epoch: Number(report.epoch) });
  });

  test("the exported writes are there, and the audit log says why the fleet was restored", async () => {
    await disaster.restored();
    const observer = await disaster.client();
    const { probes } = await observer.listProbes("d", { deadlineMs: 20_000 });
    expect(probes.map(({ number }) => number)).toEqual(Array.from({ length: WRITES }, (_, at) => at + 1));
    const { entries } = await observer.listAudit({ deadlineMs: 20_000 });
    const recovery = entries.find(({ what }) => what.startsWith("recover from node"));
    expect(recovery).toMatchObject({ reason: "three disks lost" });
  });

  test("the shard, which has heard a higher term than the export's, obeys the new leader", async () => {
    await disaster.restored();
    const observer = await disaster.client();
    await expect
      .poll(async () => {
        const { clusters } = await observer.listClusters({ deadlineMs: 20_000 });
        return clusters.map(({ observed }) => observed.some((row) => row.session && row.bound));
      })
      .toEqual([true]);
    // The leader knows its report before the shard has the answer.
    const log = () => readFile(processFiles(disaster.fleet.directory, "s1").log, "utf8");
    await expect.poll(log).toMatch(/obeys another incarnation/);
  });

  test("it grows back to three, and all hold the same", async () => {
    await disaster.restored();
    for (const name of ["n2", "n3"])
      await disaster.ok("member", "add", "--name", name, "--wait", "--timeout", "120s");
    await disaster.until(
      ({ nodes, hashesAgree }) =>
        nodes.length === 3 && hashesAgree === true && nodes.every(({ reachable }) => reachable),
    );
  });

  test("a new fleet elsewhere can be made of it, once", async () => {
    await disaster.ahead();
    const elsewhere = join(disaster.fleet.home, "elsewhere");
    const args = [
      "snapshot",
      "restore",
      "--from",
      disaster.place,
      "--dir",
      elsewhere,
      "--name",
      "spare",
      "--yes",
    ];
    const restored = await disaster.json(...args);
    await disaster.ok("up", "--dir", elsewhere);
    const nodes = async () => (await disaster.json("status", "--dir", elsewhere)).nodes;
    await expect.poll(nodes).toMatchObject([{ name: restored.node }]);
    const again = await disaster.run(...args);
    expect(again.exit, again.stderr).not.toBe(0);
    await disaster.ok("down", "--dir", elsewhere);
  });

  // Their files are changed by hand.
  if (kind === "a folder") {
    test("damaged ones are named and not restored", async () => {
      await disaster.ahead();
      const place = join(disaster.fleet.home, "copied-exports");
      await cp(disaster.place, place, { recursive: true });
      const { snapshots } = await disaster.json("snapshot", "list", "--from", place);
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
      const verified = await disaster.run("snapshot", "verify", "--all", "--from", place);
      expect(verified.exit).toBe(1);
      expect(verified.stdout).toContain(`${corrupted}: its SHA-256`);
      expect(verified.stdout).toMatch(new RegExp(`${truncated}: it has \\d+ bytes`));
      expect(verified.stdout).toContain(`${orphan}: it has no manifest`);
      const nowhere = join(disaster.fleet.home, "nowhere");
      for (const name of [corrupted, truncated, orphan]) {
        const args = ["snapshot", "restore", name, "--from", place, "--dir", nowhere, "--yes"];
        const refused = await disaster.run(...args);
        expect(refused).toMatchObject({
          exit: 1,
          stderr: expect.stringContaining("FLEET_E_SNAPSHOT_DAMAGED"),
        });
      }
      expect(await readdir(disaster.fleet.home)).not.toContain("nowhere");
    });
  }
});
