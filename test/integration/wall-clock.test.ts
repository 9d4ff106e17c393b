// Real processes whose wall clocks are set an hour back and forth under load. Clients see the leader, writes and
// lists are answered, no shard counts as dead, and no election follows. A write without quorum ends by its deadline.

import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { lacks } from "../lacks.ts";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { byFaketime, byShiftedDate, libfaketime, type WallClocks } from "./wall-clocks.ts";

const HOUR_S = 3_600;
// Each is more than the leader's uptime, and more than any limit of liveness.
const OFFSETS_S = [-HOUR_S, HOUR_S, 0];
const PATIENT_MS = 60_000;

let cluster: CoordinatorCluster;
afterEach(() => cluster.dispose());

test("by a preload that shifts Date", () => setClocks(byShiftedDate));

test.skipIf(lacks("libfaketime (apt-get install faketime)", libfaketime !== null))("by libfaketime", () =>
  setClocks(byFaketime),
);

async function setClocks(clocks: WallClocks): Promise<void> {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, profile: "wan", clocks });
  const client = cluster.client();
  const leader = await cluster.leader();
  const { term } = await ownStatus(leader);
  await client.submit(probe(0));
  await reportShard(leader);
  const load = new Load(client);
  for (const offset of OFFSETS_S) {
    for (const node of cluster.nodes) await cluster.setClock(node, offset);
    await sleep(500);
    await reportShard(leader);
    const status = await client.status();
    expect(status).toMatchObject({ verdict: "healthy", leader: leader.id });
    expect((await ownStatus(leader)).uptimeMs).toBeLessThan(PATIENT_MS * 5);
    const { shards } = await client.listShards({ deadlineMs: PATIENT_MS });
    expect(shards.map(({ liveness }) => liveness)).toEqual([ShardLiveness.ALIVE]);
    expect(shards[0]?.observed?.ageMs).toBeLessThan(PATIENT_MS);
    await client.listClusters({ deadlineMs: PATIENT_MS });
    await client.listShards({
      deadlineMs: PATIENT_MS,
      consistency: { $case: "maxStalenessMs", value: 30_000 },
    });
  }
  const written = await load.stop();
  const { probes } = await client.listProbes("clock", { deadlineMs: PATIENT_MS });
  expect(probes).toMatchObject(Array(written + 1).fill({ applications: 1 }));
  expect((await ownStatus(leader)).term, "no election").toBe(term);
  await withoutQuorum(leader);
}

/** The clock is set back while the write waits: its deadline ends it anyway. */
async function withoutQuorum(leader: ClusterNode): Promise<void> {
  for (const wire of cluster.wires(leader)) wire.freeze();
  const beganMs = performance.now();
  const request = {
    sessionId: 0,
    sequence: 0,
    firstOutstanding: 0,
    reason: "",
    operation: probe(0),
    dryRun: false,
  };
  const write = unary(leader.client.submit.bind(leader.client), request, { endMs: beganMs + PATIENT_MS });
  const refused = write.then(
    () => "accepted",
    (error: unknown) => readRpcError(error).reason,
  );
  await cluster.setClock(leader, -HOUR_S);
  expect(["NO_QUORUM", "LEADERSHIP_LOST"]).toContain(await refused);
  expect(performance.now() - beganMs).toBeLessThan(PATIENT_MS);
}

async function ownStatus(node: ClusterNode) {
  const limits = { endMs: performance.now() + PATIENT_MS };
  return unary(node.client.getStatus.bind(node.client), { hashAtIndex: 0 }, limits);
}

let cycle = 0;

function reportShard({ client }: ClusterNode): Promise<unknown> {
  cycle += 1;
  const request = ReportShardRequest.fromPartial({ shardId: "s1", address: "s1:1", epoch: 1, cycle });
  return unary(client.reportShard.bind(client), request, { endMs: performance.now() + PATIENT_MS });
}

/** Writes one after the other until it is stopped. */
class Load {
  readonly #client: FleetClient;
  readonly #done: Promise<number>;
  #isStopped = false;

  constructor(client: FleetClient) {
    this.#client = client;
    this.#done = this.#run();
  }

  stop(): Promise<number> {
    this.#isStopped = true;
    return this.#done;
  }

  async #run(): Promise<number> {
    let written = 0;
    while (!this.#isStopped) {
      await this.#client.submit(probe(written + 1), { deadlineMs: PATIENT_MS });
      written += 1;
      // Without a pause it would take the CPU from the replicas.
      await sleep(5);
    }
    return written;
  }
}

const probe = (number: number): Operation => ({
  kind: { $case: "recordProbe", value: { drillId: "clock", number } },
});
