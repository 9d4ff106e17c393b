// Removes a lab from a fleet: only the rows whose names say that they belong to the lab. What must stay true:
// before anything is changed, it is checked that no operator's row depends on a shard of the lab. Removing a
// shard also removes the rows that are declared to it.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { batches } from "../../core/lab/domain-moves.ts";
import type { LabCounts } from "../../core/lab/lab-report.ts";
import { isLabName, LAB_DOMAIN_KEY, LAB_PREFIX, LAB_PROVIDER } from "../../core/lab/names.ts";
import { type ShardRecord, ShardState } from "../../core/wire/gen/fleet/v1/command.ts";
import { ReportShardRequest } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";
import { type FillOptions, forEachSome, type LabClient, labWrite } from "./fill-lab.ts";
import { LabLink } from "./lab-link.ts";

const REMOVALS_AT_ONCE = 4;

export interface LabResetReport {
  readonly stoppedEarly: boolean;
  readonly removed: LabCounts;
}

/** After an interruption it is repeated and continues. Throws an OperatorError, such as LAB_SHARD_IN_USE. */
export async function resetLab(client: FleetClient, options: FillOptions): Promise<LabResetReport> {
  const link = new LabLink(client.target);
  try {
    const found = await findLab(client, link);
    await releaseDomains(client, found, options);
    await removeQuotas(client, found, options);
    await removeShards(client, found, { ...options, leave: (shard) => lastReport(link, shard) });
    const { shards, clusters, domains, regions } = found;
    const removed = { shards: shards.length, clusters, domains: domains.length, quotas: regions.length };
    return { stoppedEarly: options.signal.aborted, removed };
  } finally {
    link.close();
  }
}

type Removing = FillOptions & { readonly leave: (shard: Readonly<ShardRecord>) => Promise<void> };

/**
 * Its agents are gone with the lab. A shard that reports nothing has left: lists show neither it nor the clusters that it
 * reported before.
 */
async function lastReport(link: LabLink, { shardId, address, epoch }: Readonly<ShardRecord>): Promise<void> {
  const nothing = { shardId, address, epoch: epoch + 1, cycle: 1 };
  try {
    await link.report(ReportShardRequest.fromPartial(nothing));
  } catch (error) {
    const isTold = error instanceof OperatorError && error.code === "SHARD_REMOVED";
    if (!isTold) throw error;
  }
}

interface Found {
  readonly shards: readonly Readonly<ShardRecord>[];
  readonly clusters: number;
  readonly domains: readonly { readonly key: string; readonly value: string }[];
  readonly regions: readonly string[];
}

async function findLab(client: LabClient, link: LabLink): Promise<Found> {
  const [listed, { clusters }, { domains }, quotas] = await Promise.all([
    client.listShards({ filter: { prefix: LAB_PREFIX } }),
    client.listClusters(),
    client.listDomains(),
    link.quotas(),
  ]);
  const bindings = clusters.flatMap(({ declared }) => declared ?? []);
  const foreign = [
    ...bindings
      .filter((row) => isLabName(row.shardId) && !isLabName(row.clusterId))
      .map((row) => row.clusterId),
    ...domains
      .filter((row) => isLabName(row.shardId) && row.key !== LAB_DOMAIN_KEY)
      .map((row) => `${row.key}=${row.value}`),
    ...quotas
      .filter((row) => row.provider !== LAB_PROVIDER && row.slices.some(({ shardId }) => isLabName(shardId)))
      .map((row) => `${row.provider}/${row.region}`),
  ];
  if (foreign.length > 0) throw inUse(foreign);
  return {
    shards: listed.shards.flatMap(({ shard }) =>
      shard === undefined || shard.state === ShardState.REMOVED ? [] : [shard],
    ),
    clusters: bindings.filter((row) => isLabName(row.clusterId) && isLabName(row.shardId)).length,
    domains: domains.filter((row) => row.key === LAB_DOMAIN_KEY),
    regions: quotas.filter((row) => row.provider === LAB_PROVIDER).map((row) => row.region),
  };
}

function inUse(foreign: readonly string[]): OperatorError {
  const shown = foreign.slice(0, 5).join(", ");
  return new OperatorError("LAB_SHARD_IN_USE", {
    what: `the lab's shards have rows that are not the lab's: ${shown}${foreign.length > 5 ? " and others" : ""}`,
    why: "removing a shard drops what is declared to it; nothing was removed",
    next: "move these to other shards first: fleet rebind, fleet domain assign",
    exit: Exit.Precondition,
  });
}

async function releaseDomains(client: LabClient, { domains }: Found, options: FillOptions): Promise<void> {
  let done = 0;
  const releases = domains.map(({ key, value }) => ({ key, value, shardId: "", expectedVersion: undefined }));
  for (const moves of batches(releases)) {
    if (options.signal.aborted) return;
    await labWrite(client, { $case: "moveDomains", value: { moves } });
    done += moves.length;
    options.onProgress("domains released", done, domains.length);
  }
}

async function removeQuotas(client: LabClient, { regions }: Found, { signal }: FillOptions): Promise<void> {
  const any = { expectedVersion: undefined };
  await forEachSome(regions, REMOVALS_AT_ONCE, signal, (region) =>
    labWrite(client, { $case: "removeQuota", value: { provider: LAB_PROVIDER, region, ...any } }),
  );
  if (!signal.aborted) {
    await labWrite(client, { $case: "removeProvider", value: { name: LAB_PROVIDER, ...any } });
  }
}

async function removeShards(client: LabClient, { shards }: Found, options: Removing): Promise<void> {
  let done = 0;
  await forEachSome(shards, REMOVALS_AT_ONCE, options.signal, async (shard) => {
    const value = { shardId: shard.shardId, force: true, expectedVersion: undefined };
    await labWrite(client, { $case: "removeShard", value });
    await options.leave(shard);
    done += 1;
    options.onProgress("shards and clusters removed", done, shards.length);
  });
}
