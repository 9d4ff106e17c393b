// The options of the driver on etcd: the log's place, the machine, and its connections to the rest of the process. Data only.

import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import type { LogKeys } from "../../etcd-log/log-keys.ts";
import type { GroupMeter } from "../group/group-meter.ts";
import type { Machine } from "../group/machine.ts";
import type { LogStore } from "./log-store.ts";

export interface EtcdDriverOptions<Result> {
  readonly self: NodeId;
  readonly clusterId: string;
  /** All coordinators, from the command line. */
  readonly voters: readonly NodeId[];
  readonly keys: LogKeys;
  readonly store: LogStore;
  /** The endpoints, for people. */
  readonly addresses: readonly string[];
  readonly machine: Machine<Result>;
  readonly meter?: GroupMeter;
  /** Whether an empty prefix means a new fleet. */
  readonly mayFound: boolean;
  /** Whether this replica is fit to lead now. */
  readonly mayLead: () => boolean;
  /** Whether a snapshot at this index may be stored, and the log deleted behind it (ADR-0017). */
  readonly mayKeep: (index: LogIndex) => boolean;
  /** Whether the peer is heard. */
  readonly answers: (peer: NodeId) => boolean;
  /** Applied entries between two snapshots. */
  readonly snapshotEvery: number;
  /** Payload of the entries between two snapshots: the next is made when either limit is reached. */
  readonly snapshotEveryBytes: number;
  /** Entries kept behind a snapshot. */
  readonly trailing: number;
  readonly onLeadership: (leads: boolean) => void;
  readonly onFatal: (error: unknown) => void;
  readonly now: () => MonotonicMs;
  readonly timers: Timers;
  readonly log: Pick<Log, "warn" | "info">;
  /** What to wait for between two slices of a snapshot; by default a turn for other work. */
  readonly pause?: () => Promise<unknown>;
}
