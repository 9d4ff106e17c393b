// What a recovery from a lost quorum does to a copy. The same order, applied twice, gives the same bytes. So the mark of an
// interrupted recovery keeps it.

import type { LogIndex, NodeId, Term } from "./ids.ts";

export interface RecoveredGroup {
  readonly group: number;
  readonly kind: string;
  /** Above the terms of all copies. */
  readonly term: number;
  /** Where the copy ends. */
  readonly last: number;
  /** The data folder that holds it. */
  readonly from: string;
}

export interface RecoveryOrder {
  readonly nodeId: NodeId;
  /** The node's address from now on; empty = unchanged. */
  readonly address: string;
  readonly formerClusterId: string;
  readonly clusterId: string;
  /** The index where the new cluster's log begins. */
  readonly index: LogIndex;
  readonly term: Term;
  /** The last index known to be committed, and the last index of the old log. */
  readonly committed: LogIndex;
  readonly last: LogIndex;
  /** The epoch of the new incarnation. Null in the mark of an earlier build, which recorded none. */
  readonly epoch: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly atMs: number;
  /** What others knew to be revoked, and the log does not say; absent = nothing. */
  readonly revocations?: readonly { readonly subject: string; readonly issuedBeforeMs: number }[];
  /** The groups beside the fleet's own that continue, each from its furthest copy; absent = none. */
  readonly groups?: readonly RecoveredGroup[];
  /** Groups of which no copy was found; absent = none. */
  readonly lostGroups?: readonly number[];
}
