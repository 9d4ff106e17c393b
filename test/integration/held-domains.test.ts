// Shards that hold what the tables give to others, by real processes. One shard was removed by force and came back.
// In the other case all shards face a restore from an export that is older than their instructions.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { eventually, LiveDataPlane } from "./live-data-plane.ts";
import { TestFleet } from "./local-fleet.ts";

const SHARDS = ["s1", "s2", "s3"] as const;

let fleet: TestFleet;
let plane: LiveDataPlane;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "1", "--shards", String(SHARDS.length));
  plane = new LiveDataPlane(fleet);
});
afterAll(() => fleet.dispose());

async function ok(...args: readonly string[]): Promise<string> {
  const ran = await fleet.run(...args);
  expect(ran, `${args.join(" ")}: ${ran.stderr}${ran.stdout}`).toMatchObject({ exit: 0 });
  return ran.stdout;
}

/** A domain that another shard has is moved with the version that its row has now. */
async function give(domain: string, shard: string): Promise<void> {
  const { domains }: { domains: { key: string; value: string; version: string }[] } = JSON.parse(
    await ok("domain", "list", "--json"),
  );
  const row = domains.find(({ key, value }) => `${key}=${value}` === domain);
  const expected = row === undefined ? [] : ["--expect-version", row.version];
  const wanted = ["--domain", domain, "--shard", shard, ...expected];
  await ok("domain", "assign", ...wanted, "--wait", "--timeout", "60s");
}

/** Which shard holds what, as the shards themselves say. */
async function held(): Promise<Readonly<Record<string, readonly string[]>>> {
  const statuses = await Promise.all(SHARDS.map((shard) => plane.status(shard)));
  return Object.fromEntries(
    statuses.map(({ shardId, domains }) => [
      shardId,
      domains.filter(({ assigned }) => assigned).map(({ key, value }) => `${key}=${value}`),
    ]),
  );
}

const settled = async () => {
  const { instructions } = JSON.parse(await ok("instruction", "list", "--json"));
  return { held: await held(), instructions };
};

test("a shard that was removed by force and is activated again lets go of what is another's now", async () => {
  await eventually(() => ok("shard", "list", "-o", "name")).toBe("s1\ns2\ns3\n");
  await give("rack=r7", "s3");
  await ok("shard", "remove", "s3", "--force", "--yes");
  await give("rack=r7", "s1");
  expect(await held()).toEqual({ s1: ["rack=r7"], s2: [], s3: ["rack=r7"] });
  await ok("shard", "activate", "s3");
  await eventually(settled).toEqual({ held: { s1: ["rack=r7"], s2: [], s3: [] }, instructions: [] });
  const told = "reconcile the domains of shard s3, which tells it to release rack=r7";
  expect(await ok("audit", "list")).toContain(told);
});

test("after a restore shards let go of what they were given after the export, and keep what they had", async () => {
  const place = join(fleet.home, "exports");
  await ok("snapshot", "save", "--to", place);
  await give("rack=r7", "s2");
  await give("rack=r8", "s2");
  expect(await held()).toEqual({ s1: [], s2: ["rack=r7", "rack=r8"], s3: [] });
  await fleet.kill("n1");
  await rm(processFiles(fleet.directory, "n1").data, { recursive: true });
  await ok("snapshot", "restore", "--from", place, "--yes", "--reason", "the disk was lost");
  await ok("up");
  await eventually(settled).toEqual({ held: { s1: ["rack=r7"], s2: [], s3: [] }, instructions: [] });
});

test("a shard that lost its disk is told again what it has", async () => {
  await fleet.kill("s1");
  await rm(processFiles(fleet.directory, "s1").data, { recursive: true });
  await fleet.start("s1");
  await eventually(settled).toEqual({ held: { s1: ["rack=r7"], s2: [], s3: [] }, instructions: [] });
});
