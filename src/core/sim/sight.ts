// Whether anything of a replica that a checker looks at has changed since its last look. Most steps change nothing of
// it, and a whole status costs more than the step.

import type { LogIndex, Term } from "../base/ids.ts";
import type { RaftNode } from "../raft/raft-node.ts";

type Seen = Pick<RaftNode, "term" | "role" | "commit" | "applied"> & { readonly isHandedOver: boolean };

const UNSEEN: Seen = {
  term: -1 as Term,
  role: "follower",
  commit: -1 as LogIndex,
  applied: -1 as LogIndex,
  isHandedOver: false,
};

export class Sight {
  #seen = UNSEEN;

  /** `isHandedOver`: all of its log is in its storage, so that it can be compared. */
  isNew(raft: RaftNode, isHandedOver: boolean): boolean {
    const { term, role, commit, applied } = this.#seen;
    const isKnown =
      raft.term === term &&
      raft.role === role &&
      raft.commit === commit &&
      raft.applied === applied &&
      (this.#seen.isHandedOver || !isHandedOver);
    if (isKnown) return false;
    this.#seen = {
      term: raft.term,
      role: raft.role,
      commit: raft.commit,
      applied: raft.applied,
      isHandedOver,
    };
    return true;
  }
}
