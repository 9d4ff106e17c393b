// Why a replica stops that can prove a loss of entries, by the cluster or by itself. It keeps its files: an
// operator must decide which history is right.

import { Exit, OperatorError } from "../../base/errors.ts";
import type { GroupId } from "../../base/ids.ts";
import type { Message } from "../../raft/message.ts";
import type { RaftNode } from "../../raft/raft-node.ts";
import type { LossError } from "../../raft/step-error.ts";
import type { DropReason } from "./dropped-messages.ts";

export function isLoss(error: DropReason): error is LossError {
  return error === "committed-entries-lost" || error === "acknowledged-entries-lost";
}

/** `raft` has just answered `message` with `loss`. */
export function lostEntries(
  loss: LossError,
  raft: RaftNode,
  message: Message,
  group: GroupId,
): OperatorError {
  switch (loss) {
    case "committed-entries-lost":
      return clusterLost(raft, message, group);
    case "acknowledged-entries-lost":
      return replicaLost(raft, message, group);
  }
}

function clusterLost(raft: RaftNode, message: Message, group: GroupId): OperatorError {
  const { commit, lastIndex } = raft.status();
  const contradiction = raft.contradiction(message);
  const leader = `leader ${message.from} of term ${message.term}`;
  const where =
    contradiction === null
      ? `the log of ${leader} ended at ${message.index}`
      : `entry ${contradiction.index} is committed here with term ${contradiction.held}, and ${leader} has term ${contradiction.sent} there`;
  return new OperatorError("COMMITTED_ENTRIES_LOST", {
    what: `this replica holds committed entries that the cluster has lost: ${where}. Here group ${group} is committed up to ${commit}, and the log ends at ${lastIndex}`,
    why: "a quorum was started from older data (a backup, a disk that was set back), or its logs were cut short",
    next: "nothing was changed in this node's data folder: keep a copy of it. If the cluster's state is right, move the folder away and start this node again, and it takes a copy from its peers. If the lost entries matter, stop all nodes and look with: fleet recover",
    exit: Exit.Failure,
  });
}

function replicaLost(raft: RaftNode, message: Message, group: GroupId): OperatorError {
  const { lastIndex, term } = raft.status();
  return new OperatorError("ACKNOWLEDGED_ENTRIES_LOST", {
    what: `this replica has lost entries that it acknowledged. Leader ${message.from} of term ${term} counts on group ${group} up to ${message.commit} here, but the log ends at ${lastIndex}`,
    why: "its data folder was replaced by an older copy, or its disk lost what it had synced",
    next: "keep a copy of this node's data folder, move it away and start this node again: it takes a copy from its peers",
    exit: Exit.Failure,
  });
}
