// Starts and stops one coordinator replica: open, assemble, serve, close. What must stay true: nothing is
// served before the data folder was read and found whole. When a write or an invariant fails, the process is
// told to stop: a replica with doubtful state is worse than none.

import type { NodeId } from "../base/ids.ts";
import type { RoleMetrics } from "../metrics/role-metrics.ts";
import { assemble } from "./assembly/assemble.ts";
import { open } from "./assembly/open.ts";
import { serve } from "./assembly/serve.ts";
import type { ServiceContext } from "./calls/context.ts";
import type { CoordinatorOptions } from "./coordinator-options.ts";
import type { LocalKeys } from "./etcd/local-keys.ts";
import { handOverAll } from "./leadership/departure.ts";

export interface RunningCoordinator {
  /** host:port that it really listens on; empty = nowhere. */
  readonly address: string;
  /** Where it really serves etcd's API; null = nowhere. */
  readonly etcdAddress: string | null;
  /** The key space for the program that this replica runs in. */
  readonly localKeys: LocalKeys;
  /** The replicas of the key space. */
  replicas(): readonly LocalReplica[];
  readonly metrics: RoleMetrics;
  close(): Promise<void>;
}

interface LocalReplica {
  readonly name: string;
  /** host:port; empty = it has none. */
  readonly address: string;
  readonly role: "leader" | "follower" | "learner" | "unknown";
}

export async function startCoordinator(options: CoordinatorOptions): Promise<RunningCoordinator> {
  const { clusterId, log } = options;
  const opened = await open(options);
  const replica = await assemble(options, opened);
  const serving = await serve(options, opened, replica);
  const { address, etcdAddress, metrics } = serving;
  const { isRejoining, openGroups } = replica;
  const etcd = etcdAddress === null ? {} : { etcd: etcdAddress };
  log.info("coordinator listens", {
    address,
    clusterId,
    rejoining: isRejoining,
    groups: openGroups.all.size,
    ...etcd,
  });
  const close = async () => {
    opened.faults.close();
    serving.stopExports();
    const departure = await handOverAll(serving.context);
    if (departure.led > 0) log.info("leaves leadership to others", { ...departure });
    serving.stopLooking();
    await replica.stop();
    await serving.close();
    await opened.denials?.close();
    await opened.storage.close();
  };
  const replicas = () => localReplicas(serving.context);
  return { address, etcdAddress, localKeys: serving.localKeys, replicas, metrics, close };
}

/** As the group of the keys has them: a new member of the fleet votes there later than in the fleet's own group. */
function localReplicas({ driver, groups, replicas }: ServiceContext): LocalReplica[] {
  const keys = [...groups.values()].find(({ kind }) => kind === "keys");
  const { leader, config } = (keys?.driver ?? driver).status();
  const roleOf = (id: NodeId): LocalReplica["role"] => {
    if (id === leader) return "leader";
    if (config.learners.includes(id)) return "learner";
    return config.voters.includes(id) ? "follower" : "unknown";
  };
  return replicas.map(({ id, name, address }) => ({ name, address, role: roleOf(id) }));
}
