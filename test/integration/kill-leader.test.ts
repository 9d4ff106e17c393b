// The leader killed twenty times in a row under continuous writes: nothing acknowledged is lost or applied twice.

import { afterEach, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const KILLS = 20;

let fleet: TestFleet;
afterEach(() => fleet.dispose());

test("twenty kills of the leader lose and repeat no acknowledged write", async () => {
  fleet = await TestFleet.init();
  const client = await fleet.client();
  let acknowledged = 0;
  const writer = new SteadyWriter(client, {
    drillId: "kill-leader",
    rate: 50,
    now: () => performance.now(),
    onEvent: ({ kind }) => {
      if (kind === "acknowledged") acknowledged += 1;
    },
  });
  const terms: number[] = [];
  let status = await fleet.untilStatus(client, isHealthy);
  for (let kill = 0; kill < KILLS; kill += 1) {
    terms.push(termOf(status));
    const victim = leaderOf(status);
    const before = acknowledged;
    await fleet.kill(victim);
    await expect.poll(() => acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 1);
    await fleet.start(victim);
    status = await fleet.untilStatus(client, isHealthy);
  }
  terms.push(termOf(status));
  const writes = await writer.stop();
  const { probes } = await client.listProbes("kill-leader");
  const verdict = judgeWrites(writes, probes);
  expect(verdict).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
  expect(verdict.counts.acknowledged).toBeGreaterThan(2 * KILLS);
  expect(terms).toEqual([...new Set(terms)].sort((a, b) => a - b));
  const still = await fleet.untilStatus(client, isStill);
  expect(still.nodes.map((node) => node.status?.stateHash)).toEqual(Array(3).fill(hashOf(still)));
});

const isHealthy = (status: FleetStatus) => status.verdict === "healthy";

/** Whether all nodes have applied the same. */
function isStill(status: FleetStatus): boolean {
  return isHealthy(status) && new Set(status.nodes.map((node) => node.status?.appliedIndex)).size === 1;
}

function termOf(status: FleetStatus): number {
  return present(status.leaderClaims[0], "a healthy fleet has a leader").term;
}

function hashOf(status: FleetStatus): string {
  return present(status.nodes[0]?.status, "the node answers").stateHash;
}
