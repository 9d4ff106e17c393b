// The groups beside the fleet's own in an exported snapshot, as a restored node begins with them (ADR-0049). Pure.
// The node is their only voter. Their terms stay: no other replica is left that knows a later one.

import { type GroupId, groupId, logIndex, type NodeId, nodeId, term } from "../base/ids.ts";
import { onlyVoters } from "../base/only-voters.ts";
import { exportedGroups } from "../fleet/snapshot/snapshot.ts";
import type { HardState, WholeSnapshot } from "../raft/message.ts";

export interface RestoredGroup {
  readonly group: GroupId;
  readonly kind: string;
  readonly snapshot: WholeSnapshot;
  readonly hardState: HardState;
}

/** `bytes`: of a snapshot that was verified. */
export function groupsInExport(bytes: Uint8Array, node: NodeId): readonly RestoredGroup[] {
  return exportedGroups(bytes).map(({ groupId: id, kind, index: at, term: of, data }) => {
    const [index, inTerm] = [logIndex(at), term(of)];
    const alone = onlyVoters([node]);
    return {
      ...{ group: groupId(id), kind },
      snapshot: { index, term: inTerm, confState: alone, data },
      hardState: { term: inTerm, vote: nodeId(0), commit: index },
    };
  });
}
