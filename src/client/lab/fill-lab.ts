// Brings a fleet to a lab's size, phase by phase, from the rows of an earlier or interrupted run. What must
// stay true: existing rows are kept, and between two phases nothing is half done.

import { batches, missingDomains } from "../../core/lab/domain-moves.ts";
import type { LabShard } from "../../core/lab/lab-shard.ts";
import { LAB_DOMAIN_KEY, LAB_PREFIX, LAB_PROVIDER, regionName, shardName } from "../../core/lab/names.ts";
import { type LabSize, range } from "../../core/lab/size.ts";
import { type Operation, type SetQuota, ShardState } from "../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { LabFleet } from "./lab-fleet.ts";

const REASON = "fleet lab";
const WRITE_DEADLINE_MS = 30_000;
const REPORTS_AT_ONCE = 4;
const SLICE = 1_000;
const SLICES_PER_QUOTA = 20;

export interface FillOptions {
  readonly onProgress: (phase: string, done: number, total: number) => void;
  readonly signal: AbortSignal;
}

export type LabClient = Pick<FleetClient, "submit" | "listShards" | "listClusters" | "listDomains">;

/** Ends early, between two writes, when the signal is aborted. Throws an OperatorError. */
export async function fillLab(client: LabClient, lab: LabFleet, options: FillOptions): Promise<void> {
  const { signal } = options;
  await readmitShards(client);
  lab.dialAll(await declaredBindings(client));
  await reportAll(lab, "shards and clusters", options);
  await setQuotas(client, lab.size, options);
  await assignDomains(client, lab.size, options);
  // Once to get the domains' instructions, once to answer them.
  if (!signal.aborted) await reportAll(lab, "instructions told", options);
  if (!signal.aborted) await reportAll(lab, "instructions obeyed", options);
}

export async function labWrite(client: LabClient, kind: NonNullable<Operation["kind"]>) {
  return await client.submit({ kind }, { reason: REASON, deadlineMs: WRITE_DEADLINE_MS });
}

/** Calls `act` for each item, a few at a time, until the signal is aborted. */
export async function forEachSome<Item>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  act: (item: Item) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const work = async () => {
    for (const item of rest) {
      if (signal.aborted) return;
      await act(item);
    }
  };
  await Promise.all(range(Math.min(atOnce, items.length)).map(work));
}

/** Shards of a lab that was reset: they can't register until an operator activates them. */
async function readmitShards(client: LabClient): Promise<void> {
  const { shards } = await client.listShards({
    filter: { prefix: LAB_PREFIX, shardState: ShardState.REMOVED },
  });
  const removed = shards.flatMap(({ shard }) => shard?.shardId ?? []);
  await Promise.all(
    removed.map((shardId) =>
      labWrite(client, { $case: "activateShard", value: { shardId, expectedVersion: undefined } }),
    ),
  );
}

async function declaredBindings(client: LabClient) {
  const { clusters } = await client.listClusters({ filter: { prefix: LAB_PREFIX } });
  return new Map(clusters.flatMap(({ clusterId, declared }) => (declared ? [[clusterId, declared]] : [])));
}

async function reportAll(lab: LabFleet, phase: string, { onProgress, signal }: FillOptions): Promise<void> {
  let done = 0;
  await forEachSome<LabShard>(lab.shards, REPORTS_AT_ONCE, signal, async (shard) => {
    await lab.report(shard);
    done += 1;
    onProgress(phase, done, lab.shards.length);
  });
}

async function setQuotas(
  client: LabClient,
  size: LabSize,
  { onProgress, signal }: FillOptions,
): Promise<void> {
  if (signal.aborted) return;
  const declaredQuota = size.quotas * SLICES_PER_QUOTA * SLICE;
  const provider = { name: LAB_PROVIDER, address: "lab-provider.invalid:1", region: "", declaredQuota };
  const any = { keepRegion: false, expectedVersion: undefined };
  await labWrite(client, { $case: "upsertProvider", value: { ...provider, ...any } });
  let done = 0;
  await forEachSome(range(size.quotas), REPORTS_AT_ONCE, signal, async (number) => {
    await labWrite(client, { $case: "setQuota", value: quotaOf(size, number) });
    done += 1;
    onProgress("quotas", done, size.quotas);
  });
}

function quotaOf(size: LabSize, number: number): SetQuota {
  const count = Math.min(SLICES_PER_QUOTA, size.shards);
  const slices = range(count).map((slice) => {
    return { shardId: shardName((number * SLICES_PER_QUOTA + slice) % size.shards), amount: SLICE };
  });
  const limit = SLICES_PER_QUOTA * SLICE;
  return { provider: LAB_PROVIDER, region: regionName(number), limit, slices, expectedVersion: undefined };
}

async function assignDomains(
  client: LabClient,
  size: LabSize,
  { onProgress, signal }: FillOptions,
): Promise<void> {
  const { domains } = await client.listDomains({ filter: { key: LAB_DOMAIN_KEY } });
  const missing = missingDomains(size, new Set(domains.map(({ value }) => value)));
  let done = size.domains - missing.length;
  for (const moves of batches(missing)) {
    if (signal.aborted) return;
    await labWrite(client, { $case: "moveDomains", value: { moves } });
    done += moves.length;
    onProgress("domains", done, size.domains);
  }
}
