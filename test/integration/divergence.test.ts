// Real processes, one of which has another row in its memory than the others (ADR-0017). It is fenced, be it a
// follower or the leader. Where all differ, no replica is believed. The others serve on, and nothing acknowledged is
// lost.

import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { systemClock } from "../../src/core/base/clock.ts";
import { OperatorError } from "../../src/core/base/errors.ts";
import { ListRequest, type NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { verdictLines } from "../../src/ui/model/fleet-verdict.ts";
import { recordProbe, registerShard } from "../unit/coordinator/group.ts";
import { areEqual, type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";

const PATIENT_MS = 60_000;

let cluster: CoordinatorCluster;
let client: FleetClient;

beforeEach(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 20, flips: true });
  client = cluster.client();
  await client.submit(registerShard("s1"), { deadlineMs: PATIENT_MS });
  await cluster.until(areEqual);
});
afterEach(() => cluster.dispose());

test("a follower is fenced: it serves no read, says so, and stays fenced when it is started again", async () => {
  const odd = otherThan(await cluster.leader());
  const watched = watchEnd(odd);
  await flipAndWrite(odd, "elsewhere:9");
  await fenced(odd);
  expect(await readsRefused(odd)).toEqual(Array(3).fill("REPLICA_DIVERGED"));
  expect(await watched).toBe("REPLICA_DIVERGED");
  const { shards } = await client.listShards({ deadlineMs: PATIENT_MS });
  expect(shards.map(({ shard }) => shard?.address)).toEqual(["s1:1"]);
  const fleet = await client.status();
  expect(fleet.verdict).toBe("degraded");
  expect(verdictLines(fleet).map(({ text }) => text)).toContainEqual(
    expect.stringMatching(
      `^${odd.name} .* is fenced and serves nothing: .* fleet member rebuild ${odd.name}$`,
    ),
  );
  // It keeps what led to its state: no snapshot is made of it, and nothing is compacted.
  const snapshots = await readdir(join(odd.data, "snap"));
  for (let number = 10; number < 60; number += 1)
    await client.submit(recordProbe(number), { deadlineMs: PATIENT_MS });
  expect(await readdir(join(odd.data, "snap"))).toEqual(snapshots);
  expect(JSON.parse(await readFile(join(odd.data, "diverged.json"), "utf8"))).toMatchObject({
    cause: "majority",
  });
  await cluster.kill(odd);
  await cluster.start(odd);
  expect((await statusOf(odd)).stateDoubt).toMatchObject({ fenced: true, cause: "majority" });
  expect(await readsRefused(odd)).toEqual(Array(3).fill("REPLICA_DIVERGED"));
});

test("what is fenced still stores the log and votes: with the leader gone, the other one is elected", async () => {
  const leader = await cluster.leader();
  const odd = otherThan(leader);
  await flipAndWrite(odd, "elsewhere:9");
  await fenced(odd);
  await cluster.kill(leader);
  await client.submit(recordProbe(5), { deadlineMs: PATIENT_MS });
  const next = cluster.nodes.find((node) => node !== leader && node !== odd);
  expect((await statusOf(odd)).leaderId).toBe(next?.id);
});

test("a leader is fenced and hands over; no write is lost, and none is answered from its state", async () => {
  const odd = await cluster.leader();
  await flipAndWrite(odd, "elsewhere:9");
  await fenced(odd);
  const leader = await cluster.leader(cluster.nodes.filter((node) => node !== odd));
  expect(leader.id).not.toBe(odd.id);
  expect((await statusOf(odd)).role).toBe(Role.FOLLOWER);
  await client.submit(recordProbe(7), { deadlineMs: PATIENT_MS });
  const { probes } = await client.listProbes("d", { deadlineMs: PATIENT_MS });
  expect(probes.map(({ number }) => number)).toEqual([1, 7]);
  await expect(
    client.transferLeadership({ toNode: odd.name, fromNode: "", reason: "", dryRun: false }, 3_000),
  ).rejects.toThrow(OperatorError);
});

test("three that differ: reads and writes are refused on all, until a majority is there again", async () => {
  for (const node of cluster.nodes) await cluster.flip(node, `put elsewhere:${node.id}`);
  await cluster.flipped(cluster.nodes);
  await client.submit(recordProbe(1), { deadlineMs: PATIENT_MS }).catch(() => undefined);
  const isDisputed = ({ stateDoubt }: NodeStatus) => stateDoubt?.fenced === false;
  await cluster.until((statuses) => statuses.every(isDisputed));
  await expect(client.submit(recordProbe(2), { deadlineMs: PATIENT_MS })).rejects.toMatchObject({
    code: "STATE_DISPUTED",
  });
  for (const node of cluster.nodes) expect(await readsRefused(node)).toEqual(Array(3).fill("STATE_DISPUTED"));
  const said = verdictLines(await client.status()).map(({ text }) => text);
  expect(said).toContainEqual(expect.stringContaining("differ at index"));
  // Memory is all that was wrong: started again, they apply the log anew.
  for (const node of cluster.nodes) {
    await cluster.kill(node);
    await cluster.flip(node, "");
    await cluster.start(node);
  }
  // The first ones were in dispute with those that were started after them: until the next checkpoint.
  const areBelieved = (statuses: readonly NodeStatus[]) =>
    statuses.every(({ stateDoubt }) => stateDoubt === undefined);
  await cluster.until(areBelieved);
  await client.submit(recordProbe(3), { deadlineMs: PATIENT_MS });
  await cluster.until(areBelieved);
});

test("a row that is damaged in place is found by the pass over memory, which names its table", async () => {
  const odd = otherThan(await cluster.leader());
  await cluster.flip(odd, "damage elsewhere:9");
  await fenced(odd);
  const { stateDoubt } = await statusOf(odd);
  expect(stateDoubt).toMatchObject({ cause: "memory", detail: expect.stringContaining("table shards") });
  expect(verdictLines(await client.status()).map(({ text }) => text)).toContainEqual(
    expect.stringMatching(`^${odd.name} .* is fenced and serves nothing: .*table shards`),
  );
  await client.submit(recordProbe(8), { deadlineMs: PATIENT_MS });
}, 240_000);

test("an operator fences the wrong ones of a dispute, and the rest goes on", async () => {
  for (const node of cluster.nodes) await cluster.flip(node, `put elsewhere:${node.id}`);
  await cluster.flipped(cluster.nodes);
  await client.submit(recordProbe(1), { deadlineMs: PATIENT_MS }).catch(() => undefined);
  await cluster.until((statuses) => statuses.every(({ stateDoubt }) => stateDoubt?.fenced === false));
  const [kept, ...wrong] = cluster.nodes;
  for (const node of wrong) {
    const { name: nodeName, front } = node;
    const reason = "compared with an exported snapshot";
    const fence = async () => {
      const order = { $case: "noteFence", value: { name: nodeName } } as const;
      const { index: entryIndex } = await client.orderNode({ kind: order }, { reason });
      return await client.fenceReplica(front.address, { nodeName, reason: "", entryIndex });
    };
    expect(await fence()).toBe(true);
    if (node === wrong.at(-1)) expect(await fence()).toBe(false);
  }
  // At the next checkpoint, at the latest.
  await cluster.until(([own]) => own?.stateDoubt === undefined, [kept as ClusterNode]);
  await client.submit(recordProbe(2), { deadlineMs: PATIENT_MS });
  expect((await cluster.leader([kept as ClusterNode])).id).toBe(kept?.id);
  await expect(
    client.fenceReplica(kept?.front.address ?? "", { nodeName: "n9", reason: "", entryIndex: 0 }),
  ).rejects.toMatchObject({ code: "REPLICA_MISMATCH" });
});

describe("rebuilding", () => {
  test("a fenced node with a new folder comes back as one that lost its disk, and is believed", async () => {
    const odd = otherThan(await cluster.leader());
    await flipAndWrite(odd, "elsewhere:9");
    await fenced(odd);
    await cluster.kill(odd);
    await cluster.flip(odd, "");
    await rm(odd.data, { recursive: true });
    await cluster.start(odd);
    await cluster.until(areEqual);
    await cluster.until((statuses) => statuses.every(({ stateDoubt }) => stateDoubt === undefined));
  });
});

function otherThan(leader: ClusterNode): ClusterNode {
  const other = cluster.nodes.find((node) => node !== leader);
  if (other === undefined) throw new Error("there are three");
  return other;
}

/** A row is another one on `node`, and the write makes that a state at an index that all know. */
async function flipAndWrite(node: ClusterNode, address: string): Promise<void> {
  await cluster.flip(node, `put ${address}`);
  await cluster.flipped([node]);
  await client.submit(recordProbe(1), { deadlineMs: PATIENT_MS });
}

async function fenced(node: ClusterNode): Promise<void> {
  await cluster.until(([own]) => own?.stateDoubt?.fenced === true, [node]);
}

const statusOf = async (node: ClusterNode): Promise<NodeStatus> =>
  unary(node.client.getStatus.bind(node.client), { hashAtIndex: 0 }, limits());

const limits = () => ({ endMs: systemClock.monotonicMs() + PATIENT_MS });

/** Why the node refuses each kind of read. */
async function readsRefused({ client: rpc }: ClusterNode): Promise<(string | null)[]> {
  const kinds = [
    { consistency: undefined },
    { consistency: { $case: "stale", value: true } },
    { consistency: { $case: "maxStalenessMs", value: 60_000 } },
  ] as const;
  return Promise.all(
    kinds.map(({ consistency }) =>
      unary(rpc.listDomains.bind(rpc), ListRequest.fromPartial({ consistency }), limits()).then(
        () => null,
        (error: unknown) => readRpcError(error).reason,
      ),
    ),
  );
}

function watchEnd({ client: rpc }: ClusterNode): Promise<string | null> {
  const call = rpc.watch({ afterRevision: undefined, tables: [] });
  call.on("data", () => undefined);
  return new Promise((resolve) => call.on("error", (error) => resolve(readRpcError(error).reason)));
}
