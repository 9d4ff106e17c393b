// The shape in which the client hands over what it saw of the nodes. Written down here, since the model may not
// import the client; `FleetStatus` and `NodeObservation` of the client satisfy it.
import type { NodeStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";

export interface NodeReply {
  readonly name: string;
  readonly nodeId: number | null;
  readonly address: string;
  readonly reachable: boolean;
  readonly error: string | null;
  readonly roundTripMs: number | null;
  readonly status: NodeStatus | null;
  /** When it answered, or was found not to, in milliseconds since 1970. */
  readonly observedAtMs: number;
  /** The state hash at the index that all nodes were asked about. */
  readonly hashAt: string | null;
  /** Entries behind the leader's commit index. */
  readonly lag: number | null;
}

export type Verdict = "healthy" | "degraded" | "no-quorum";

interface LeaderClaim {
  readonly by: string;
  readonly leaderId: number;
  readonly term: number;
}

export interface FleetReply {
  readonly clusterName: string;
  readonly nodes: readonly NodeReply[];
  readonly leader: number | null;
  readonly leaderClaims: readonly LeaderClaim[];
  /** Whether all reachable nodes name the same leader in the same term. */
  readonly agreed: boolean;
  readonly hashIndex: number | null;
  readonly hashesAgree: boolean | null;
  readonly verdict: Verdict;
}
