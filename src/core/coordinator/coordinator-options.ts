// The options of a coordinator, and what follows from them alone.

import { present } from "../base/assert.ts";
import type { NodeId } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Peer } from "../transport/transport.ts";
import type { TlsChoice } from "../wire/tls/tls.ts";
import type { EncryptionSetting } from "./encryption/encryption.ts";
import type { EtcdEngine } from "./etcd-engine/engine.ts";
import type { ProfileName } from "./host/profile.ts";
import type { LivenessLimits } from "./reports/liveness.ts";

export interface CoordinatorOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly clusterName: string;
  /** All replicas, including this one. */
  readonly replicas: readonly Peer[];
  /** host:port; port 0 picks a free one; null = no port, for the only replica of a program's own fleet. */
  readonly listen: string | null;
  /** Where etcd's API is served; null or absent = nowhere. */
  readonly etcd?: EtcdPort | null;
  /** The etcd cluster that replicates the fleet's log; null or absent = embedded Raft (ADR-0054). */
  readonly engine?: EtcdEngine | null;
  readonly dataDirectory: string;
  /** How the data folder is encrypted; null or absent = not at all. */
  readonly encryption?: EncryptionSetting | null;
  /**
   * Whether an empty data folder may be bootstrapped; otherwise it means that the disk was lost (ADR-0002).
   */
  readonly bootstrap: boolean;
  /**
   * The number of groups, besides the fleet's own, to bootstrap (ADR-0008). An existing folder keeps its
   * groups.
   */
  readonly groups: number;
  readonly tls: TlsChoice;
  readonly profile: ProfileName;
  readonly snapshotEvery: number;
  /** Limit for snapshots to followers, shared by all of them. */
  readonly snapshotBytesPerSecond: number;
  /** Entries of the audit log that are exported together, to `audit` in the data folder. */
  readonly auditExportEvery: number;
  /** Where, how often and how many snapshots are exported; null = none. */
  readonly snapshotExports: SnapshotExports | null;
  /** Bindings that a shard may have by first contact alone (`FIRST_CONTACTS_MAX`). */
  readonly firstContactsMax?: number;
  /** Must be the same for every replica; otherwise two leaders disagree about which shards are dead. */
  readonly liveness: LivenessLimits;
  /** Whether drills may make faults in this process (ADR-0034); absent = they may not. */
  readonly allowFaults?: boolean;
  readonly version: string;
  /** host:port of this process's metrics, for its status; empty = it has none. */
  readonly metricsAddress: string;
  readonly log: Log;
  /** Called once when this replica can't continue; the process should exit. */
  readonly onFatal: (error: unknown) => void;
}

export interface EtcdPort {
  /** host:port; port 0 picks a free one. */
  readonly listen: string;
  /** No TLS; allowed on loopback only. */
  readonly isPlaintext: boolean;
}

interface SnapshotExports {
  /** An absolute folder or s3://bucket/prefix. */
  readonly to: string;
  readonly everyMs: number;
  readonly keep: number;
}

export function ownPeer({ replicas, self }: CoordinatorOptions): Peer {
  const found = replicas.find((replica) => replica.id === self);
  return present(found, "all replicas, this one included, are named");
}

export function nameIn({ replicas }: CoordinatorOptions): (id: NodeId) => string {
  return (id) => replicas.find((replica) => replica.id === id)?.name ?? "no replica";
}
