// Runs the lab from its first row to its report.

import { setTimeout as sleep } from "node:timers/promises";
import type { LabCounts, LabReport } from "../../core/lab/lab-report.ts";
import { LAB_DOMAIN_KEY, LAB_PREFIX, LAB_PROVIDER } from "../../core/lab/names.ts";
import type { LabSize } from "../../core/lab/size.ts";
import { ShardState } from "../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../fleet-client.ts";
import { type FillOptions, fillLab, type LabClient } from "./fill-lab.ts";
import { LabFleet } from "./lab-fleet.ts";
import { LabLink } from "./lab-link.ts";
import { SteadyLab } from "./steady-lab.ts";

/** More domains than an hour at the default rate writes to would only cost memory. */
const WRITTEN_DOMAINS_MAX = 5_000;

export interface LabOptions extends FillOptions {
  readonly size: LabSize;
  readonly durationMs: number;
  readonly writesPerSecond: number;
  readonly dialEveryMs: number;
}

/**
 * When the signal is aborted, running work ends and the report covers what was done. Throws an OperatorError.
 */
export async function runLab(client: FleetClient, options: LabOptions): Promise<LabReport> {
  const { size, signal, onProgress } = options;
  const link = new LabLink(client.target);
  try {
    const lab = new LabFleet(link, size, Math.floor(Date.now() / 1_000));
    await fillLab(client, lab, options);
    const filter = { key: LAB_DOMAIN_KEY };
    const { domains } = await client.listDomains({ filter, rowsMax: WRITTEN_DOMAINS_MAX });
    const steady = new SteadyLab(client, lab, { ...options, domains });
    onProgress("steady load", 0, 1);
    await sleep(options.durationMs, undefined, { signal }).catch(() => undefined);
    const measured = await steady.stop();
    onProgress("steady load", 1, 1);
    return { size, stoppedEarly: signal.aborted, ...measured, there: await countLab(client, link) };
  } finally {
    link.close();
  }
}

/** How much of the lab is in the fleet, from the leader's counts for each shard. */
async function countLab(client: LabClient, link: LabLink): Promise<LabCounts> {
  const listed = await client.listShards({ filter: { prefix: LAB_PREFIX } });
  const shards = listed.shards.filter(({ shard }) => shard?.state !== ShardState.REMOVED);
  const quotas = (await link.quotas()).filter(({ provider }) => provider === LAB_PROVIDER);
  return {
    shards: shards.length,
    clusters: shards.reduce((sum, shard) => sum + shard.declaredClusters, 0),
    domains: shards.reduce((sum, shard) => sum + shard.declaredDomains, 0),
    quotas: quotas.length,
  };
}
