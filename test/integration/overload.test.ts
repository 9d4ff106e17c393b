// More writes than a fleet with slow disks can take. Writes wait up to the limit; the others are refused at once with
// a delay for the retry. Memory stays bounded, and every acknowledged write is there.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import { DELAY_MS_MAX } from "../../src/core/coordinator/group/drain-rate.ts";
import { LIMITS } from "../../src/core/coordinator/group/limits.ts";
import { type RpcFailure, readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";

// Slow enough that the clients fill the queue before the first write is synced.
const SYNC_MS = 3_600_000;
const EXCESS = 1_000;
const BURST = 200;
const SENT_MAX = 3 * (LIMITS.pendingWritesMax + EXCESS);
const DEADLINE_MS = 120_000;
const LOOK_EVERY_MS = 50;
const LOOKS_MAX = 1_000;
const RESIDENT_BYTES_MAX = 600 * 1024 * 1024;

let cluster: CoordinatorCluster;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, faults: true, profile: "wan" });
});
afterAll(() => cluster.dispose());

test("a backlog is bounded, refusals can be retried, and every acknowledged write is there", async () => {
  const leader = await cluster.leader();
  for (const node of cluster.nodes) await cluster.plan(node, { syncMs: SYNC_MS });
  const refused = new Map<number, RpcFailure>();
  const acknowledged: number[] = [];
  const write = async (number: number) => {
    const failure = await submit(leader, number).then(() => null, readRpcError);
    // On a starved machine some wait beyond their deadline: whether those were taken is not known.
    if (failure === null) acknowledged.push(number);
    else if (failure.reason === "OVERLOADED") refused.set(number, failure);
    else ended += 1;
  };
  let ended = 0;
  const ends: Promise<void>[] = [];
  while (refused.size < EXCESS) {
    // Each write waits, was refused, or has ended: when many have ended, the queue will never be full.
    expect(ends.length, "so many writes were sent, and too few refused").toBeLessThan(SENT_MAX);
    ends.push(...Array.from({ length: BURST }, (_, at) => write(ends.length + at + 1)));
    // An answer to a later question: the leader has taken in what was sent, however slow the machine is.
    await cluster.until(() => true, [leader]);
  }
  const waiting = () => ends.length - refused.size - acknowledged.length - ended;
  // No disk answers: so all that is to come are refusals that have not arrived.
  for (let looks = 0; waiting() > LIMITS.pendingWritesMax; looks += 1) {
    expect(looks, `${waiting()} writes wait`).toBeLessThan(LOOKS_MAX);
    await sleep(LOOK_EVERY_MS);
  }
  for (const { code, retryDelayMs } of refused.values()) {
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(retryDelayMs).toBeGreaterThan(0);
    expect(retryDelayMs).toBeLessThanOrEqual(DELAY_MS_MAX);
  }
  expect(await residentBytes(leader)).toBeLessThan(RESIDENT_BYTES_MAX);

  for (const node of cluster.nodes) await cluster.plan(node, {});
  await Promise.all(ends);
  const client = cluster.client();
  const again = [...refused.keys()];
  await Promise.all(again.map((number) => client.submit(probe(number), { deadlineMs: DEADLINE_MS })));
  const { probes } = await client.listProbes("o", { deadlineMs: DEADLINE_MS });
  const applications = new Map(probes.map((row) => [row.number, row.applications]));
  const promised = [...acknowledged, ...again];
  expect(promised.map((number) => applications.get(number))).toEqual(promised.map(() => 1));
});

function probe(number: number) {
  return { kind: { $case: "recordProbe", value: { drillId: "o", number } } } as const;
}

/** One attempt, outside any session. */
function submit({ client }: ClusterNode, number: number): Promise<unknown> {
  const outside = { ...OUTSIDE_SESSIONS, reason: "", dryRun: false };
  const limits = { endMs: performance.now() + DEADLINE_MS };
  return unary(client.submit.bind(client), { ...outside, operation: probe(number) }, limits);
}

async function residentBytes(node: ClusterNode): Promise<number> {
  const text = await readFile(`/proc/${cluster.pid(node)}/status`, "utf8");
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
  return Number(kilobytes) * 1024;
}
