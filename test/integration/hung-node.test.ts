// Nodes that hang (SIGSTOP): they keep their connections and answer nothing. They are shown as down, delay no
// answer, and are part of the fleet again when they continue.

import { afterAll, beforeAll, expect, test } from "vitest";
import { holderTls } from "../../src/client/files/layout.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

// Many times the per-node timeout of `fleet status`: it only tells an answer from a hang.
const ANSWER_MS = 20_000;
const WRITE_MS = 30_000;

let fleet: TestFleet;
let client: FleetClient;
let written = 0;

beforeAll(async () => {
  // Its clocks leave room for a stall of the machine while one node of three hangs.
  fleet = await TestFleet.init("--profile", "wan");
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

test("a follower that hangs is shown as down, writes go on, and it comes back", async () => {
  const leader = leaderOf(await fleet.untilStatus(client, isHealthy));
  const hung = otherThan(leader);
  await fleet.pause(hung);
  await expectShownAsDown(hung);
  await write();
  const during = await fleet.untilStatus(client, (status) => status.leader !== null);
  expect(leaderOf(during)).toBe(leader);
  await fleet.resume(hung);
  const healed = await fleet.untilStatus(client, isHealthy);
  expect(leaderOf(healed)).toBe(leader);
});

test("etcd#20418: a leader that hangs is replaced, writes go on, and afterwards it serves no stale read", async () => {
  const hung = leaderOf(await fleet.untilStatus(client, isHealthy));
  await fleet.pause(hung);
  await write();
  const during = await fleet.untilStatus(client, (status) => status.leader !== null);
  expect(leaderOf(during)).not.toBe(hung);
  await expectShownAsDown(hung);
  // Sent while it hangs, so that it is the first thing that the old leader finds when it continues.
  const early = readAt(hung);
  await fleet.resume(hung);
  const read = await early;
  if (read !== "refused") expect(read).toContain(written);
  await fleet.untilStatus(client, isHealthy);
  const { probes } = await client.listProbes("d");
  expect(probes).toMatchObject(Array(written).fill({ applications: 1 }));
});

const isHealthy = (status: FleetStatus) => status.verdict === "healthy";

async function expectShownAsDown(name: string): Promise<void> {
  const startedMs = performance.now();
  const { exit, stdout } = await fleet.run("status", "--json", "--node-timeout", "900ms");
  expect(performance.now() - startedMs).toBeLessThan(ANSWER_MS);
  expect(exit).toBe(5);
  const { verdict, nodes } = JSON.parse(stdout);
  expect(verdict).not.toBe("healthy");
  expect(nodes.find((node: { name: string }) => node.name === name)).toMatchObject({ reachable: false });
}

async function write(): Promise<void> {
  const value = { drillId: "d", number: written + 1 };
  await client.submit({ kind: { $case: "recordProbe", value } }, { deadlineMs: WRITE_MS });
  written += 1;
}

/** The numbers that the node itself shows by a linearizable read. */
async function readAt(name: string): Promise<readonly number[] | "refused"> {
  const endpoint = (await fleet.target()).endpoints.find((node) => node.name === name);
  const { address } = present(endpoint, "the node is known");
  const node = connectCoordinator(loadTls(holderTls(fleet.directory, "admin")), address);
  try {
    const limits = { endMs: performance.now() + WRITE_MS };
    const { probes } = await unary(node.listProbes.bind(node), { drillId: "d" }, limits);
    return probes.map((probe) => probe.number);
  } catch {
    return "refused";
  } finally {
    node.close();
  }
}

function otherThan(leader: string): string {
  return present(
    ["n1", "n2", "n3"].find((name) => name !== leader),
    "there are three nodes",
  );
}
