// The port between a coordinator and what replicates a group (ADR-0054): embedded Raft (group-driver.ts), or an etcd cluster
// (etcd-engine/etcd-driver.ts). What must stay true of every engine: an entry is applied in the same order and once on
// every replica. Only a replica that leads adds entries.

import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex, NodeId, Term } from "../../base/ids.ts";
import type { ConfChange, ConfOperation } from "../../raft/confchange.ts";
import type { Role } from "../../raft/core.ts";
import type { ConfState, Message } from "../../raft/message.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { GroupMeter } from "./group-meter.ts";
import type { HeldLog } from "./log-hold.ts";
import type { ReadResult, WriteResult } from "./pending.ts";

type EngineName = "embedded" | "etcd";

/** What every engine does for its coordinator. */
export interface GroupPort<Result> extends RaftPort {
  readonly engine: EngineName;
  /** What operators see of this driver. */
  readonly meter: GroupMeter;
  /** Settles once this replica's initial state is restored; rejects when it can't be restored. */
  readonly restored: Promise<void>;
  /** Whether a snapshot is replacing the state: no reads and no entries are possible. */
  readonly isRestoring: boolean;
  readonly appliedIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
  /** The outcomes of the writes that arrived here, and how many still wait. */
  readonly proposals: { accepted: number; failed: number; refused: number; pending: number };
  readonly role: Role;
  /** 0 = none. */
  readonly leader: NodeId;
  readonly term: Term;
  /** The members, as in `status`, for callers that look often. */
  readonly config: ConfState;
  status(): RaftStatus;
  /** Whether a write or a read is waiting. */
  readonly hasWaiting: boolean;
  tick(): void;
  /**
   * Refuses calls whose deadline has passed. Separate from `tick`, which may be slow or, during a rejoin,
   * stopped.
   */
  expire(): void;
  transferLeader(to: NodeId): void;
  /** Settles when the entry is committed and applied here, or when that can't be promised by `deadline`. */
  propose(data: Uint8Array, deadline: MonotonicMs): Promise<WriteResult<Result>>;
  /** When a caller may try again whose `propose` or `readIndex` was refused because too many calls wait. */
  retryDelayMs(refused: "write" | "read"): number;
  /** Settles when this replica may serve a linearizable read (Raft §6.4), from any role. */
  readIndex(deadline: MonotonicMs): Promise<ReadResult>;
  /** Settles when `index` is applied here. */
  waitApplied(index: LogIndex, deadline: MonotonicMs): Promise<ReadResult>;
  stop(): void;
  /** Waiting calls get no answer that depends on the applied state. */
  refuseWaiting(): void;
}

/** What only replicas that replicate among themselves have. Another engine has nothing to do there. */
interface RaftPort {
  /** Two replicas with the same index here have the same configuration. */
  readonly configurationIndex: LogIndex;
  /** The changes of the configuration above `index`; null when they are not known here. */
  configurationChangesSince(index: number): readonly ConfOperation[] | null;
  /** The part of the log that is kept for followers that receive a snapshot. */
  readonly heldLog: HeldLog;
  /** There will be no ticks until there is work (ADR-0008). */
  quiesce(): void;
  /** Entries through this index are to be compacted as soon as a snapshot covers them. */
  compactThrough(through: LogIndex): void;
  /** A message of a peer. Raft tolerates it if the message is dropped. */
  receive(message: Message): void;
  unreachable(peer: NodeId): void;
  snapshotDelivered(peer: NodeId, ok: boolean): void;
  forgetLeader(): void;
  campaign(): void;
  /** Settles like `propose`: the result is the index at which the change took effect here. */
  changeConfiguration(change: ConfChange, deadline: MonotonicMs): Promise<WriteResult<LogIndex>>;
  /** Proposes without waiting: the status shows the result. */
  proposeConfChange(change: ConfChange): boolean;
}
