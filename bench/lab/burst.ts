// A burst of domain moves, from the first batch to the last replica that has applied it.

import { setTimeout as sleep } from "node:timers/promises";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { batches, movesOn } from "../../src/core/lab/domain-moves.ts";
import { LAB_DOMAIN_KEY } from "../../src/core/lab/names.ts";
import type { LabSize } from "../../src/core/lab/size.ts";

const MOVES = 50_000;
const LOOK_EVERY_MS = 20;
const LIMIT_MS = 60_000;

export interface Burst {
  readonly moves: number;
  readonly acceptedMs: number;
  readonly appliedMs: number;
  readonly batchMs: readonly number[];
}

export async function burst(client: FleetClient, size: LabSize): Promise<Burst> {
  const { domains } = await client.listDomains({ filter: { key: LAB_DOMAIN_KEY }, rowsMax: MOVES });
  const startedMs = performance.now();
  const batchMs: number[] = [];
  let index = 0;
  for (const moves of batches(movesOn(size, domains))) {
    const batchStartedMs = performance.now();
    const operation = { kind: { $case: "moveDomains", value: { moves } } } as const;
    index = (await client.submit(operation, { reason: "bench", deadlineMs: LIMIT_MS })).index;
    batchMs.push(performance.now() - batchStartedMs);
  }
  const acceptedMs = performance.now() - startedMs;
  await untilApplied(client, index);
  return { moves: domains.length, acceptedMs, appliedMs: performance.now() - startedMs, batchMs };
}

async function untilApplied(client: FleetClient, index: number): Promise<void> {
  for (const startedMs = performance.now(); performance.now() - startedMs < LIMIT_MS; ) {
    const looks = await Promise.all(client.endpoints.map((node) => client.observe(node)));
    if (looks.every(({ status }) => status !== null && status.appliedIndex >= index)) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`index ${index} is not applied everywhere`);
}
