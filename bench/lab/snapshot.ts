// A snapshot of a full lab while writes continue: how long the save takes, and what writes feel of it.

import { setTimeout as sleep } from "node:timers/promises";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { quantile } from "../statistics.ts";

// `fleet serve coordinator --snapshot-every`, the default.
const SNAPSHOT_EVERY = 10_000;
// Many bring the next snapshot near; then a few are measured.
const RUSHING_WRITERS = 64;
const WRITERS = 4;
const MEASURED_BEFORE = 500;
const LOOK_EVERY_MS = 10;
const LIMIT_MS = 300_000;

export interface SnapshotSaved {
  readonly saveMs: number;
  readonly writesMeanwhile: number;
  /** Of writes while it was being saved, and of those before. */
  readonly worstMs: number;
  readonly worstBeforeMs: number;
  readonly p99BeforeMs: number;
}

interface Write {
  readonly index: number;
  readonly startedMs: number;
  readonly endedMs: number;
}

interface Saved {
  readonly index: number;
  readonly atMs: number;
}

/** Writes until the leader has saved its next snapshot. */
export async function saveUnderWrites(
  client: FleetClient,
  leader: string,
  every = SNAPSHOT_EVERY,
): Promise<SnapshotSaved> {
  const before = await rushToNext(client, leader, every);
  const writes: Write[] = [];
  let saved: Saved | null = null;
  const writing = write(client, WRITERS, writes, () => saved === null);
  saved = await untilSaved(client, leader, before).catch(() => ({ index: before, atMs: performance.now() }));
  await writing;
  const { index: at, atMs } = saved;
  const beganMs = Math.min(...writes.filter(({ index }) => index >= at).map(({ endedMs }) => endedMs));
  const meanwhile = writes.filter(({ startedMs, endedMs }) => endedMs >= beganMs && startedMs <= atMs);
  const earlier = writes.filter(({ endedMs }) => endedMs < beganMs);
  const took = (some: readonly Write[]) =>
    some.map(({ startedMs, endedMs }) => endedMs - startedMs).sort((left, right) => left - right);
  return {
    // A small one is saved before the write that shows its beginning is answered.
    saveMs: Math.max(0, atMs - beganMs),
    writesMeanwhile: meanwhile.length,
    worstMs: Math.max(0, ...took(meanwhile)),
    worstBeforeMs: Math.max(0, ...took(earlier)),
    p99BeforeMs: earlier.length === 0 ? 0 : quantile(took(earlier), 0.99),
  };
}

/** Writes until the next snapshot is near. Where the first one lies differs from replica to replica. */
async function rushToNext(client: FleetClient, leader: string, every: number): Promise<number> {
  for (let before = await snapshotIndex(client, leader); ; ) {
    const near = before + every - Math.min(MEASURED_BEFORE, every / 2);
    await write(client, RUSHING_WRITERS, [], (index) => index < near);
    const now = await snapshotIndex(client, leader);
    if (now === before) return before;
    before = now;
  }
}

/** So many writers at once, until one is told an index with which `goesOn` no longer holds. */
async function write(
  client: FleetClient,
  writers: number,
  writes: Write[],
  goesOn: (index: number) => boolean,
): Promise<void> {
  const operation = { kind: { $case: "clearProbes", value: { drillId: "lab" } } } as const;
  const keepWriting = async () => {
    for (let last = 0; goesOn(last); ) {
      const startedMs = performance.now();
      const { index } = await client.submit(operation, { deadlineMs: LIMIT_MS });
      writes.push({ index, startedMs, endedMs: performance.now() });
      last = index;
    }
  };
  await Promise.all(Array.from({ length: writers }, keepWriting));
}

async function untilSaved(client: FleetClient, leader: string, before: number): Promise<Saved> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    const index = await snapshotIndex(client, leader);
    if (index > before) return { index, atMs: performance.now() };
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error("the leader saved no snapshot");
}

async function snapshotIndex(client: FleetClient, leader: string): Promise<number> {
  const { status } = await client.observe({ name: leader, address: leader }, { timeoutMs: 10_000 });
  return present(status, "the leader answers").snapshotIndex;
}
