// A damaged file of one node, in a real fleet. The node refuses to start and names the file and the place, `fleet
// verify` says the same, and the others continue. The step that the error names brings the node back.

import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
let client: FleetClient;
let written = 0;

beforeAll(async () => {
  fleet = await TestFleet.init();
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

test.each([
  { node: "n1", what: "the log", folder: "wal", position: 40 },
  { node: "n2", what: "a snapshot", folder: "snap", position: -1 },
  { node: "n3", what: "meta.json", folder: "", position: 30 },
])("a flipped bit in $what of $node", async ({ node, folder, position }) => {
  const { data, log } = processFiles(fleet.directory, node);
  await write(5);
  await fleet.kill(node);
  const file = await firstFile(data, folder);
  await flipBit(file, position);

  const up = await fleet.run("up");
  expect(up.exit, up.stderr).toBe(5);
  expect(up.stderr).toContain(`${node} exited: the others have a leader and continue`);
  expect(up.stderr).toContain("is corrupt at offset");
  const said = await untilLogged(log, "FLEET_E_STORAGE_CORRUPT");
  expect(said).toContain(`${file} is corrupt at offset 0`);
  expect(said).toContain("Move the data folder away, but keep it. Start the node");

  const verified = await fleet.run("verify", "--data", data, "-o", "json");
  expect(verified.exit).toBe(1);
  const damaged = { file: file.slice(data.length + 1), offset: 0, state: "damaged" };
  expect(JSON.parse(verified.stdout).files).toContainEqual(expect.objectContaining(damaged));

  const status = await fleet.run("status");
  expect(status.exit).toBe(5);
  expect(status.stdout).toMatch(new RegExp(`${node} \\(.*\\) is down`));
  await write(5);

  await rename(data, `${data}.damaged`);
  expect((await fleet.run("up")).exit).toBe(0);
  await fleet.untilStatus(client, isWhole);
  const { probes } = await client.listProbes("c");
  expect(probes.map((probe) => probe.applications)).toEqual(Array.from({ length: written }, () => 1));
});

/** Whether all is well and everyone votes again: until then the next node's loss would be the quorum's. */
function isWhole({ verdict, hashesAgree, nodes }: FleetStatus): boolean {
  const voters = nodes.map(({ status }) => status?.members.filter(({ learner }) => !learner).length);
  return verdict === "healthy" && hashesAgree === true && voters.every((count) => count === 3);
}

async function write(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    written += 1;
    const operation = {
      kind: { $case: "recordProbe", value: { drillId: "c", number: written } },
    } as const;
    await client.submit(operation, { deadlineMs: 30_000 });
  }
}

async function firstFile(data: string, folder: string): Promise<string> {
  const names = (await readdir(join(data, folder))).filter((name) => name !== "lock").sort();
  return join(data, folder, names[0] ?? "");
}

/** Counted from the end when negative. */
async function flipBit(file: string, position: number): Promise<void> {
  const bytes = await readFile(file);
  const at = position < 0 ? bytes.length + position : position;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(file, bytes);
}

async function untilLogged(log: string, words: string): Promise<string> {
  await expect.poll(() => readFile(log, "utf8")).toContain(words);
  return readFile(log, "utf8");
}
