// A picture of a replica on etcd in the words of Raft's status. The log is in etcd for every replica, so each
// follower's match is the log's end. Its own status says how far it has applied the log.

import { type LogIndex, logIndex, type NodeId, nodeId } from "../../base/ids.ts";
import { onlyVoters } from "../../base/only-voters.ts";
import type { EtcdLog } from "../../etcd-log/etcd-log.ts";
import type { ConfState } from "../../raft/message.ts";
import type { ProgressStatus, RaftStatus } from "../../raft/status.ts";

interface Seen {
  readonly self: NodeId;
  readonly voters: readonly NodeId[];
  readonly answers: (peer: NodeId) => boolean;
  readonly log: Pick<EtcdLog, "leads" | "term" | "transferee" | "head">;
  /** 0 = none is known. */
  readonly leader: NodeId;
  readonly applied: LogIndex;
  readonly first: LogIndex;
}

/** The voters of an etcd cluster's coordinators never change by a configuration change. */
export const configOf = (voters: readonly NodeId[]): ConfState => onlyVoters(voters);

export function statusOf({ self, voters, answers, leader, log, applied, first }: Seen): RaftStatus {
  const commit = logIndex(Math.max(log.head?.index ?? 0, applied));
  const progress = (voter: NodeId): ProgressStatus => ({
    ...{ state: "replicate", match: commit, next: logIndex(commit + 1), isLearner: false, isPaused: false },
    isRecentlyActive: voter === self || answers(voter),
    ...{ isAhead: false, pendingSnapshot: logIndex(0), inflight: 0, isInflightFull: false },
  });
  return {
    ...{ id: self, role: log.leads ? "leader" : "follower", term: log.term, vote: nodeId(0) },
    ...{ leader, leadTransferee: log.transferee, commit, applied },
    ...{ firstIndex: first, lastIndex: commit },
    config: configOf(voters),
    progress: new Map(log.leads ? voters.map((voter) => [voter, progress(voter)]) : []),
  };
}
