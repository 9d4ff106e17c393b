// The target of a requested leadership transfer: pure. A transfer stops writes until it ends. So one that
// can't succeed (to a learner, to a replica that does not answer) is refused before it starts.

import { FLEET_GROUP, type NodeId, shownName } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { bestSuccessor, type Candidates, canLead } from "./best-successor.ts";

export interface NamedReplica {
  readonly id: NodeId;
  readonly name: string;
}

export interface WantedTransfer {
  /** Empty: the best successor. */
  readonly to: string;
  /** Empty: the present leader. */
  readonly from: string;
}

export type TransferTarget =
  | { readonly kind: "hand-over"; readonly to: NodeId }
  /** Already as wanted: `to` leads, or `from` does not. */
  | { readonly kind: "already" }
  | { readonly kind: "refused"; readonly reason: string; readonly message: string };

/** `raft` is the leader's own status. */
export function transferTarget(
  raft: RaftStatus,
  replicas: readonly NamedReplica[],
  candidates: Candidates,
  wanted: WantedTransfer,
): TransferTarget {
  const named = (name: string) => replicas.find((replica) => replica.name === name)?.id;
  const unknown = [wanted.from, wanted.to].find((name) => name !== "" && named(name) === undefined);
  if (unknown !== undefined) return refused("MEMBER_UNKNOWN", `there is no node ${shownName(unknown)}`);
  if (wanted.from !== "" && named(wanted.from) !== raft.id) return { kind: "already" };
  if (wanted.to === "") {
    const to = bestSuccessor(raft, FLEET_GROUP, canLead(FLEET_GROUP, candidates));
    if (to !== undefined) return { kind: "hand-over", to };
    return refused(
      "NO_SUCCESSOR",
      "no other voter answers, is unfenced and has room on its disk, so none can take over",
    );
  }
  const to = named(wanted.to);
  if (to === undefined || to === raft.id) return { kind: "already" };
  if (!raft.config.voters.includes(to)) {
    return refused("NOT_A_VOTER", `${wanted.to} does not vote, so it can't lead`);
  }
  if (!candidates.answers(to)) {
    return refused("MEMBER_UNREACHABLE", `${wanted.to} does not answer, so it can't take over`);
  }
  if (!candidates.isFit(to, FLEET_GROUP)) {
    return refused(
      "SUCCESSOR_FENCED",
      `the state of ${wanted.to} is wrong, so it can't lead until it is rebuilt`,
    );
  }
  if (!candidates.hasRoom(to)) {
    return refused("SUCCESSOR_DISK_FULL", `the disk of ${wanted.to} is full, so it can't lead`);
  }
  return { kind: "hand-over", to };
}

function refused(reason: string, message: string): TransferTarget {
  return { kind: "refused", reason, message };
}
