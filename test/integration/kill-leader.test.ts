// The leader killed again and again under continuous writes, few at a time and many on one stream: nothing
// acknowledged is lost or applied twice.

import { afterEach, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const KILLS = 20;
const BUSY_KILLS = 5;
const LANES = 128;

let fleet: TestFleet;
afterEach(() => fleet.dispose());

test("twenty kills of the leader lose and repeat no acknowledged write", { timeout: 900_000 }, async () => {
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
  let status = await fleet.untilStatus(client, isWhole);
  for (let kill = 0; kill < KILLS; kill += 1) {
    terms.push(termOf(status));
    const victim = leaderOf(status);
    const before = acknowledged;
    await fleet.kill(victim);
    await expect.poll(() => acknowledged).toBeGreaterThan(before + 1);
    await fleet.start(victim);
    status = await fleet.untilStatus(client, isWhole);
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

test("writes outstanding on the stream to a leader when it is killed are applied once each", async () => {
  fleet = await TestFleet.init();
  const client = await fleet.client();
  const lanes = new Lanes(client, "busy");
  for (let kill = 0; kill < BUSY_KILLS; kill += 1) {
    const victim = leaderOf(await fleet.untilStatus(client, isWhole));
    await lanes.untilMore();
    const cutOff = [...lanes.outstanding];
    expect(cutOff.length).toBe(LANES);
    await fleet.kill(victim);
    await expect.poll(() => cutOff.filter((number) => lanes.outstanding.has(number))).toEqual([]);
    await fleet.start(victim);
  }
  const acknowledged = await lanes.stop();
  const { probes } = await client.listProbes("busy");
  expect(probes.map(({ number }) => number)).toEqual(acknowledged);
  expect(probes.filter(({ applications }) => applications !== 1)).toEqual([]);
});

/** Each lane writes one probe after the other, all of them through one client and so on one stream. */
class Lanes {
  /** Numbers of writes that were not answered yet. */
  readonly outstanding = new Set<number>();
  readonly #acknowledged: number[] = [];
  readonly #lanes: Promise<unknown>;
  #last = 0;
  #isStopped = false;

  constructor(client: FleetClient, drillId: string) {
    const lane = async () => {
      while (!this.#isStopped) await this.#write(client, drillId);
    };
    this.#lanes = Promise.all(Array.from({ length: LANES }, lane));
  }

  /** Until every lane has continued. */
  async untilMore(): Promise<void> {
    const before = this.#acknowledged.length;
    await expect.poll(() => this.#acknowledged.length).toBeGreaterThan(before + LANES);
  }

  /** The numbers that were acknowledged, ascending. Throws when a write failed: their deadline outlasts a failover. */
  async stop(): Promise<readonly number[]> {
    this.#isStopped = true;
    await this.#lanes;
    return this.#acknowledged.toSorted((left, right) => left - right);
  }

  async #write(client: FleetClient, drillId: string): Promise<void> {
    this.#last += 1;
    const number = this.#last;
    this.outstanding.add(number);
    const operation = { kind: { $case: "recordProbe", value: { drillId, number } } } as const;
    await client.submit(operation, { reason: drillId, deadlineMs: 60_000 });
    this.outstanding.delete(number);
    this.#acknowledged.push(number);
  }
}

/** Whether every node answers and follows the one leader. A busy disk may be called slow meanwhile. */
function isWhole({ leader, agreed, nodes }: FleetStatus): boolean {
  return leader !== null && agreed && nodes.every(({ reachable }) => reachable);
}

/** Whether all nodes have applied the same. */
function isStill(status: FleetStatus): boolean {
  return isWhole(status) && new Set(status.nodes.map((node) => node.status?.appliedIndex)).size === 1;
}

function termOf(status: FleetStatus): number {
  return present(status.leaderClaims[0], "a healthy fleet has a leader").term;
}

function hashOf(status: FleetStatus): string {
  return present(status.nodes[0]?.status, "the node answers").stateHash;
}
