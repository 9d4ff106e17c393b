// A picture of a replica for operators and drivers: a copy, which does not change with the replica.

import type { LogIndex, NodeId, Term } from "../base/ids.ts";
import { confStateOf } from "./configuration.ts";
import type { Core, Role } from "./core.ts";
import type { ConfState } from "./message.ts";
import type { Progress, ProgressState } from "./progress.ts";

export interface ProgressStatus {
  readonly state: ProgressState;
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly isLearner: boolean;
  readonly isPaused: boolean;
  readonly isRecentlyActive: boolean;
  /**
   * Whether the follower holds entries that the leader's quorum has lost, so that its acknowledgements do not
   * count.
   */
  readonly isAhead: boolean;
  /** The snapshot that the follower is waiting for, 0 = none. */
  readonly pendingSnapshot: LogIndex;
  /** In-flight appends with entries. */
  readonly inflight: number;
  readonly isInflightFull: boolean;
}

export interface RaftStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: Term;
  /** 0 = none. The same holds for `leader` and `leadTransferee`. */
  readonly vote: NodeId;
  readonly leader: NodeId;
  readonly leadTransferee: NodeId;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly config: ConfState;
  /** Of every member, ascending by id; empty unless this replica leads. */
  readonly progress: ReadonlyMap<NodeId, ProgressStatus>;
}

export function statusOf(core: Core): RaftStatus {
  const { id, role, term, vote, leader, transferee, log, membership } = core;
  const tracked = role === "leader" ? [...membership.progress] : [];
  return {
    id,
    role,
    term,
    vote,
    leader,
    leadTransferee: transferee,
    commit: log.committed,
    applied: log.applied,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    config: confStateOf(membership.configuration),
    progress: new Map(tracked.map(([member, progress]) => [member, progressStatusOf(progress)])),
  };
}

export function progressStatusOf(progress: Progress): ProgressStatus {
  const { state, match, next, isLearner, isPaused, isRecentlyActive, aheadOf, pendingSnapshot, inflights } =
    progress;
  return {
    state,
    match,
    next,
    isLearner,
    isPaused,
    isRecentlyActive,
    isAhead: aheadOf !== null,
    pendingSnapshot,
    inflight: inflights.count,
    isInflightFull: inflights.isFull,
  };
}
