// The dashboard's first line as facts: who leads in which term, how many of the voters answer, how it is.
import type { FleetStatus, FleetVerdict } from "../../../client/fleet-status.ts";

export interface TopSummary {
  readonly name: string;
  readonly leader: string | null;
  readonly term: number | null;
  readonly up: number;
  readonly voters: number;
  /** Null: none among the coordinators, since an etcd cluster has the log. */
  readonly quorum: number | null;
  readonly commit: number | null;
  readonly verdict: FleetVerdict;
  /** Nodes name different leaders, or have different states at the same index. */
  readonly disputes: readonly string[];
}

export function summarize(fleet: FleetStatus): TopSummary {
  const answering = fleet.nodes.flatMap(({ status }) => (status === null ? [] : [status]));
  const leader = answering.find((status) => status.nodeId === fleet.leader) ?? null;
  const members = (leader ?? answering[0])?.members.filter((member) => !member.learner).length ?? 0;
  const voters = members === 0 ? fleet.nodes.length : members;
  return {
    name: fleet.clusterName,
    leader: leader?.nodeName ?? null,
    // Without a leader the highest term is the newest (Raft §5.1).
    term:
      leader?.term ?? (answering.length === 0 ? null : Math.max(...answering.map((status) => status.term))),
    up: answering.length,
    voters,
    quorum: answering.some(({ etcdEngine }) => etcdEngine !== undefined) ? null : Math.floor(voters / 2) + 1,
    commit: answering.length === 0 ? null : Math.max(...answering.map((status) => status.commitIndex)),
    verdict: fleet.verdict,
    disputes: [
      ...(fleet.agreed || answering.length === 0 ? [] : ["leader disputed"]),
      ...(fleet.hashesAgree === false ? ["state hashes differ"] : []),
    ],
  };
}
