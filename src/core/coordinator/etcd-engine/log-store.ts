// The port to an etcd cluster, for the log of one fleet. A call that gets no answer in time rejects; only a write then has an
// outcome, "unknown".

import type { LogIndex } from "../../base/ids.ts";
import type { Fetched, GuardedWrite, View, Wanted, WriteAnswer } from "../../etcd-log/vocabulary.ts";
import type { EtcdSnapshot } from "../../wire/gen/fleet/v1/etcd_log.ts";

export interface GrantedLease {
  readonly id: string;
  readonly ttlMs: number;
}

export interface LogStore {
  look(): Promise<View>;
  write(write: GuardedWrite): Promise<WriteAnswer>;
  fetch(wanted: Wanted): Promise<Fetched>;
  /** The newest snapshot's head; null = no snapshot. */
  snapshot(): Promise<EtcdSnapshot | null>;
  /** Rejects when it is gone: a newer snapshot has replaced it. */
  chunk(snapshot: EtcdSnapshot, number: number): Promise<Uint8Array>;
  /** Deletes batches through `log`, and chunks of snapshots before `chunks`. */
  trim(log: LogIndex, chunks: LogIndex): Promise<void>;
  /** Etcd forgets what its keys were before this revision. */
  compact(revision: number): Promise<void>;
  grantLease(): Promise<GrantedLease>;
  /** Returns the lease's remaining time; 0 = it has ended. Gives up after `limitMs`, so that another endpoint can be asked in time. */
  keepLease(id: string, limitMs: number): Promise<number>;
  revokeLease(id: string): Promise<void>;
  /** Calls `changed` when the keys of a view may have changed, until `close`. */
  watch(changed: () => void): void;
  close(): void;
}
