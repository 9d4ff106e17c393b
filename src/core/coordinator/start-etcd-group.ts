// Assembles the fleet's group of a process on an etcd cluster.

import { systemClock } from "../base/clock.ts";
import { FLEET_GROUP, type LogIndex, type NodeId } from "../base/ids.ts";
import type { Timers } from "../base/timers.ts";
import { LogKeys } from "../etcd-log/log-keys.ts";
import { type CoordinatorOptions, nameIn } from "./coordinator-options.ts";
import type { StateTrust } from "./divergence/state-trust.ts";
import type { EtcdEngine } from "./etcd-engine/engine.ts";
import { EtcdDriver } from "./etcd-engine/etcd-driver.ts";
import { etcdEndpoint } from "./etcd-engine/etcd-endpoint.ts";
import { GrpcLogStore } from "./etcd-engine/grpc-log-store.ts";
import { troubleLog } from "./etcd-engine/trouble-log.ts";
import { GroupHistory } from "./group/group-history.ts";
import { GroupMeter } from "./group/group-meter.ts";
import { LIMITS } from "./group/limits.ts";
import type { Machine } from "./group/machine.ts";
import type { DiskWatch } from "./leadership/disk-watch.ts";

const TRAILING_ENTRIES = 1_000;
/** Etcd grants at least 1.5 of its election timeouts: 2 s by default. */
const LEASE_SECONDS = { lan: 2, wan: 10 } as const;

export interface EtcdGroupParts<Result> {
  readonly machine: Machine<Result>;
  readonly timers: Timers;
  readonly trust: Pick<StateTrust, "isFenced" | "isTrusted">;
  readonly watch: Pick<DiskWatch, "isFull">;
  readonly mayKeep: (index: LogIndex) => boolean;
  readonly answers: (peer: NodeId) => boolean;
  readonly onLeadership: () => void;
}

export function startEtcdGroup<Result>(
  options: CoordinatorOptions,
  { addresses, prefix, tls }: EtcdEngine,
  parts: EtcdGroupParts<Result>,
): EtcdDriver<Result> {
  const { self, clusterId, replicas, log, bootstrap, profile, snapshotEvery, onFatal } = options;
  const { trust, watch, machine, timers, answers, mayKeep, onLeadership } = parts;
  const keys = new LogKeys(prefix);
  const store = new GrpcLogStore({
    keys,
    endpoints: addresses.map((address) => etcdEndpoint(address, tls)),
    leaseTtlS: LEASE_SECONDS[profile],
    first: self % addresses.length,
    onTrouble: troubleLog(log, systemClock.monotonicMs),
  });
  const driver: EtcdDriver<Result> = new EtcdDriver<Result>({
    ...{ self, clusterId, keys, store, addresses, machine, timers, log, answers, snapshotEvery, onFatal },
    voters: replicas.map(({ id }) => id),
    meter: new GroupMeter(systemClock.monotonicMs, new GroupHistory()),
    mayFound: bootstrap,
    mayLead: () => !trust.isFenced && !watch.isFull,
    mayKeep: (index) => trust.isTrusted && mayKeep(index),
    snapshotEveryBytes: LIMITS.snapshotEveryBytes,
    trailing: TRAILING_ENTRIES,
    now: systemClock.monotonicMs,
    onLeadership: (leads) => {
      onLeadership();
      const fields = { group: FLEET_GROUP, term: driver.term, node: nameIn(options)(self) };
      log.info(leads ? "leads" : "leads no more", fields);
    },
  });
  return driver;
}
