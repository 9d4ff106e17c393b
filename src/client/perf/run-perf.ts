// Measures a running fleet: one client that writes, then many that write, then many that read. The writes are probes, as
// drills write them: no audit entry, and no table but their own. What must stay true: at most PROBES rows exist, and they
// are removed at the end, also when the measurement was interrupted or failed. If that fails, the report says so.

import {
  type DiskCounts,
  type PerfLimits,
  type PerfLook,
  type PerfPhase,
  type PerfPhaseName,
  type PerfReport,
  type PerfSample,
  perfReport,
} from "../../core/drill/perf.ts";
import { codeOf } from "../drill/outcome.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus } from "../fleet-status.ts";

/** One name for all runs: a run that was killed is cleaned up by the next one. */
const PERF_ID = "check-perf";
/** Rows are written again and again. */
const PROBES = 1_000;
const CALL_DEADLINE_MS = 5_000;
const CLEAR_DEADLINE_MS = 10_000;
const STATUS_TIMEOUT_MS = 2_000;
/** How the time is shared among the phases. */
const SHARES: Readonly<Record<PerfPhaseName, number>> = { lone: 0.2, writes: 0.5, reads: 0.3 };

export interface PerfOptions {
  readonly clients: number;
  readonly durationMs: number;
  readonly limits: PerfLimits;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: PerfPhaseName, clients: number, ms: number) => void;
}

type PerfClient = Pick<FleetClient, "submit" | "status" | "listShards">;

export async function runPerf(client: PerfClient, options: PerfOptions): Promise<PerfReport> {
  // What a killed run left; and a fleet that takes no writes is refused at once, not measured.
  await clear(client);
  let judged: Omit<PerfReport, "rowsLeft">;
  try {
    judged = await measureAll(client, options);
  } catch (error) {
    // That is what the operator should read. The next run removes what is left.
    await clear(client).catch(() => undefined);
    throw error;
  }
  // A fleet that was loaded until it takes no write is what is measured here, so its report must not be lost.
  const rowsLeft = await clear(client).then(() => null, codeOf);
  return { ...judged, rowsLeft, verdict: rowsLeft === null ? judged.verdict : "fail" };
}

async function measureAll(client: PerfClient, options: PerfOptions): Promise<Omit<PerfReport, "rowsLeft">> {
  const { clients, limits } = options;
  const before = look(await client.status({ perNodeTimeoutMs: STATUS_TIMEOUT_MS }));
  const write = writer(client);
  // A read of one row at the leader, which proves each time that it still leads.
  const read = () => client.listShards({ rowsMax: 1, deadlineMs: CALL_DEADLINE_MS });
  const phases = [
    await measure("lone", 1, write, options),
    await measure("writes", clients, write, options),
    await measure("reads", clients, read, options),
  ];
  const after = look(await client.status({ perNodeTimeoutMs: STATUS_TIMEOUT_MS }));
  return perfReport(phases, before, after, limits);
}

function writer(client: PerfClient): () => Promise<unknown> {
  let written = 0;
  return () => {
    const number = (written++ % PROBES) + 1;
    const operation = { kind: { $case: "recordProbe", value: { drillId: PERF_ID, number } } } as const;
    return client.submit(operation, { reason: PERF_ID, deadlineMs: CALL_DEADLINE_MS });
  };
}

async function clear(client: PerfClient): Promise<void> {
  const operation = { kind: { $case: "clearProbes", value: { drillId: PERF_ID } } } as const;
  await client.submit(operation, { reason: PERF_ID, deadlineMs: CLEAR_DEADLINE_MS });
}

/** Each client sends its next call when it has the answer to the one before. */
async function measure(
  phase: PerfPhaseName,
  clients: number,
  call: () => Promise<unknown>,
  { durationMs, now, signal, onPhase }: PerfOptions,
): Promise<PerfPhase> {
  const forMs = durationMs * SHARES[phase];
  onPhase(phase, clients, forMs);
  const beganMs = now();
  const samples: PerfSample[] = [];
  const run = async (): Promise<void> => {
    while (!signal.aborted && now() - beganMs < forMs) samples.push(await sample(call, now));
  };
  await Promise.all(Array.from({ length: clients }, run));
  return { phase, clients, tookMs: now() - beganMs, samples };
}

async function sample(call: () => Promise<unknown>, now: () => number): Promise<PerfSample> {
  const begunMs = now();
  const error = await call().then(() => null, codeOf);
  return { tookMs: now() - begunMs, error };
}

function look({ nodes, leader }: FleetStatus): PerfLook {
  const disks = nodes.flatMap(({ name, status }): DiskCounts[] => {
    // Its data folder has no log: etcd's disks count, and etcd knows them.
    if (status?.etcdEngine !== undefined) return [];
    const { boundsMs, cumulative, count } = status?.syncs ?? {};
    if (boundsMs === undefined || cumulative === undefined || count === undefined) return [];
    return [{ node: name, boundsMs, cumulative, count }];
  });
  const terms = nodes.flatMap(({ status }) => status?.term ?? []);
  // A node that is known by several addresses answers at each.
  const byNode = new Map(disks.map((disk) => [disk.node, disk]));
  return {
    leader: nodes.find(({ nodeId }) => nodeId === leader)?.name ?? null,
    term: terms.length === 0 ? null : Math.max(...terms),
    disks: [...byNode.values()],
  };
}
