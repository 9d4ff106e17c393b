// Assembles the fleet's group of a process on an etcd cluster.

import { systemClock } from "../../base/clock.ts";
import { FLEET_GROUP, type LogIndex, type NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import { LogKeys } from "../../etcd-log/log-keys.ts";
import { GroupHistory } from "../group/group-history.ts";
import { GroupMeter } from "../group/group-meter.ts";
import { LIMITS } from "../group/limits.ts";
import type { Machine } from "../group/machine.ts";
import type { EtcdEngine } from "./engine.ts";
import { EtcdDriver } from "./etcd-driver.ts";
import { etcdEndpoint } from "./etcd-endpoint.ts";
import { GrpcLogStore } from "./grpc-log-store.ts";
import { troubleLog } from "./trouble-log.ts";

const TRAILING_ENTRIES = 1_000;
/** Etcd grants at least 1.5 of its election timeouts: 2 s by default. */
const LEASE_SECONDS = { lan: 2, wan: 10 } as const;

/** Of the coordinator's options, what the group needs. */
export interface EtcdGroupOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly replicas: readonly { readonly id: NodeId }[];
  readonly bootstrap: boolean;
  readonly profile: keyof typeof LEASE_SECONDS;
  readonly snapshotEvery: number;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}

export interface EtcdGroupParts<Result> {
  readonly machine: Machine<Result>;
  readonly timers: Timers;
  readonly trust: { readonly isFenced: boolean; readonly isTrusted: boolean };
  readonly watch: { readonly isFull: boolean };
  readonly mayKeep: (index: LogIndex) => boolean;
  readonly answers: (peer: NodeId) => boolean;
  readonly onLeadership: () => void;
  readonly nameOf: (id: NodeId) => string;
}

export function startEtcdGroup<Result>(
  options: EtcdGroupOptions,
  { addresses, prefix, tls }: EtcdEngine,
  parts: EtcdGroupParts<Result>,
): EtcdDriver<Result> {
  const { self, clusterId, replicas, log, bootstrap, profile, snapshotEvery, onFatal } = options;
  const { trust, watch, machine, timers, answers, mayKeep, onLeadership, nameOf } = parts;
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
      const fields = { group: FLEET_GROUP, term: driver.term, node: nameOf(self) };
      log.info(leads ? "leads" : "leads no more", fields);
    },
  });
  return driver;
}
