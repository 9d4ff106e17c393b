// Chooses the voter to which a leader hands over when it can no longer do its work. Pure.

import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";

/**
 * The other voter that has answered lately and holds most of the log; null if no voter has. `isFit`:
 * whether there is no other known problem with it.
 */
export function successorOf(
  raft: RaftStatus,
  self: NodeId,
  isFit: (id: NodeId) => boolean = () => true,
): NodeId | null {
  const isCandidate = (id: NodeId) => id !== self && raft.config.voters.includes(id) && isFit(id);
  const [best] = [...raft.progress]
    .filter(([id, peer]) => isCandidate(id) && peer.isRecentlyActive)
    .sort(([a, left], [b, right]) => right.match - left.match || a - b);
  return best?.[0] ?? null;
}
