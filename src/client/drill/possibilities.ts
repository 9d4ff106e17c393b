// Which drills are possible with this fleet: by its processes, by whether its coordinators allow faults, and by its engine.

import type { Need } from "../../core/drill/drill-spec.ts";
import { loadLocalFleet } from "../files/local-fleet.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus } from "../fleet-status.ts";
import type { NodeControl } from "./node-control.ts";
import type { WatchedShard } from "./shard-watch.ts";

export interface Possibilities {
  readonly can: ReadonlySet<Need>;
  /** Shards whose processes are here. */
  readonly shards: readonly WatchedShard[];
  /** Clusters whose agents are here. */
  readonly clusters: readonly string[];
}

export async function possibilities(
  client: Pick<FleetClient, "listFaults" | "target">,
  control: NodeControl,
  { nodes }: Pick<FleetStatus, "nodes">,
): Promise<Possibilities> {
  const { directory } = client.target;
  const file = directory === undefined ? null : (await loadLocalFleet(directory)).file;
  const shards = file?.shards.map(({ id: name, address }) => ({ name, address })) ?? [];
  const clusters = file?.clusters ?? [];
  const can = new Set(control.can);
  if (shards.length === 0) can.delete("shards");
  if (clusters.length === 0) can.delete("agents");
  const up = nodes.filter(({ reachable }) => reachable);
  const allowed = await Promise.all(up.map(({ address }) => allowsFaults(client, address)));
  if (up.length > 0 && allowed.every(Boolean)) can.add("faults");
  if (file?.inProcess !== true) can.add("own-process");
  if (nodes.every(({ status }) => status?.etcdEngine === undefined)) can.add("own-log");
  return { can, shards, clusters };
}

/** A build from before the service allows none; nor may an operator who is not an administrator. */
async function allowsFaults(client: Pick<FleetClient, "listFaults">, address: string): Promise<boolean> {
  try {
    return (await client.listFaults(address)).allowed;
  } catch {
    return false;
  }
}
