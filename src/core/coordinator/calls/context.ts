// What the handlers of one replica's services share.

import type { Clock, MonotonicMs } from "../../base/clock.ts";
import type { GroupId, LogIndex, NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Pace } from "../../base/pace.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import type { AtRestStatus } from "../../storage/at-rest.ts";
import type { SyncLatency } from "../../storage/sync-latency.ts";
import type { SentCounts } from "../../transport/peer-link.ts";
import type { Announced, Peer, SnapshotTransfer } from "../../transport/transport.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type {
  AuditFiles,
  ChangeMembershipRequest,
  ChangeMembershipResponse,
  SnapshotExport,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import type { RpcError, RpcFailure } from "../../wire/rpc-error.ts";
import type { Denied } from "../../wire/server/denied-calls.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import type { ShownCertificate } from "../../wire/tls/deny-list.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import type { Tls } from "../../wire/tls/tls.ts";
import type { ComparedGroups } from "../divergence/compared-groups.ts";
import type { StateTrust } from "../divergence/state-trust.ts";
import type { EtcdEngine } from "../etcd-engine/engine.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { Freshness } from "../group/freshness.ts";
import type { HostedGroup } from "../group/group-kinds.ts";
import type { GroupPort } from "../group/group-port.ts";
import type { Host } from "../host/host.ts";
import type { Sizes } from "../host/own-sizes.ts";
import type { FirstContacts } from "../reports/first-contacts.ts";
import type { HeardDomains } from "../reports/heard-domains.ts";
import type { LivenessLimits } from "../reports/liveness.ts";
import type { Observed } from "../reports/observed.ts";
import type { PlanRunners } from "../reports/plan-runners.ts";
import type { RefusedRows } from "../reports/refused-rows.ts";
import type { RefusedWrites } from "../reports/refused-writes.ts";
import type { Caller } from "./caller.ts";
import type { ClientWork } from "./client-work.ts";
import type { LargeWork } from "./large-work.ts";

/** Decides one thing about the quorum at a time (membership/quorum-slot.ts). */
interface QuorumChanges {
  isUnderWay(raft: Pick<RaftStatus, "term" | "applied">): boolean;
  alone<T>(
    context: ServiceContext,
    caller: Caller,
    decision: "membership" | "revocation",
    work: () => Promise<T>,
  ): Promise<T>;
  change(
    context: ServiceContext,
    request: ChangeMembershipRequest,
    caller: Caller,
  ): Promise<ChangeMembershipResponse>;
}

/** What the services may do with the folder's keys. */
export interface FolderKeys {
  /** Null: the folder is not encrypted. */
  readonly status: () => Promise<AtRestStatus | null>;
  /** The operator's, as they are now; null = the process was given none. Throws an OperatorError. */
  readonly operatorKeys: () => Promise<OperatorKeys | null>;
  readonly rotate: (keys: OperatorKeys) => Promise<boolean>;
  readonly auditFiles: () => Promise<readonly AuditFiles[]>;
  readonly log: Log;
}

export interface ServiceContext {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly self: NodeId;
  readonly version: string;
  /** host:port of this process's metrics; empty = it has none. */
  readonly metricsAddress: string;
  readonly log: Pick<Log, "level">;
  /** All replicas as they are known now, including this one. */
  readonly replicas: readonly Peer[];
  /**
   * The replicas of the command line, including this one: the first members, as long as there is no table.
   */
  readonly given: readonly Peer[];
  /** Why a replica is refused here; null if it is not (ADR-0023). */
  readonly refusePeer: (peer: NodeId) => RpcError | null;
  /** A replica has opened a stream: this replica's table may not know it yet. */
  readonly introduce: (peer: Peer) => void;
  /** Whether a stream to the peer is open and the peer has sent something within an election timeout. */
  readonly answers: (peer: NodeId) => boolean;
  /** The certificate with which a replica (perhaps this one) serves now; null if that can't be learned. */
  readonly servedBy: (replica: NodeId) => Promise<ShownCertificate | null>;
  /** What the build of a replica (perhaps this one) announces; null while it is not connected. */
  readonly announced: Announced;
  /** Why peers refuse this replica at present. */
  readonly refusals: () => readonly RpcFailure[];
  /** Whether the learner has reported to this leader that it holds the log since its admission. */
  readonly isWhole: (learner: NodeId) => boolean;
  /** The one running membership change or revocation. */
  readonly changes: QuorumChanges;
  /** The fleet's own group. */
  readonly driver: GroupPort<Outcome>;
  /** The other groups. */
  readonly groups: ReadonlyMap<GroupId, HostedGroup>;
  /** Those of them that have the member in their configuration, as far as this replica has applied it. */
  readonly groupsWith: (member: NodeId) => readonly GroupId[];
  readonly host: Host;
  readonly sent: Readonly<SentCounts>;
  /** The snapshot of the fleet's own group that is being sent to a follower; null without one. */
  readonly transferTo: (follower: NodeId) => SnapshotTransfer | null;
  /** Of the last heartbeat to the peer, in milliseconds; null when none was answered lately. */
  readonly roundTripMs: (peer: NodeId) => number | null;
  /** The sizes of this replica's log, snapshot, disk and process. */
  readonly sizes: () => Sizes;
  /** The etcd cluster that replicates the fleet's log; null or absent = embedded Raft. */
  readonly engine?: EtcdEngine | null;
  /** What is in etcd is plain although this coordinator has an encryption key; absent = no. */
  readonly isEtcdPlainDespiteKey?: boolean;
  readonly machine: FleetMachine;
  readonly folderKeys: FolderKeys;
  readonly freshness: Pick<Freshness, "ageMs" | "confirm">;
  readonly observed: Observed;
  readonly heardDomains: HeardDomains;
  readonly refusedRows: RefusedRows;
  readonly refusedWrites: RefusedWrites;
  /** Called for callers without a permission, in addition to those that are refused at the entry. */
  readonly noteDenied: (denied: Denied) => void;
  /** Each write of a stream counts as a call of its identity; an error refuses it (ADR-0030). */
  readonly countRequest: (identity: Identity) => RpcError | null;
  readonly planRunners: PlanRunners;
  readonly firstContacts: FirstContacts;
  /** Bindings by first contact that a shard may have. */
  readonly firstContactsMax: number;
  readonly registrationPace: Pace;
  readonly rowPace: Pace;
  /** When this replica last became leader, or stopped leading. */
  readonly leadsSince: () => MonotonicMs;
  readonly liveness: LivenessLimits;
  readonly disk: { readonly isFull: boolean; readonly isSlow: boolean; readonly syncs: SyncLatency };
  /** Whether this replica counts already. */
  readonly admission: () => "member" | "waiting" | "rejoining";
  readonly tls: Tls;
  /** What calls wait for before they start, and before they continue. */
  readonly work: ClientWork;
  readonly largeWork: LargeWork;
  readonly startedMs: MonotonicMs;
  readonly clock: Clock;
  /** Waits for an event that has no notification. A seam: simulations have a clock of their own. */
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Whether this replica's applied state can be trusted. */
  readonly trust: StateTrust;
  /** The same of the other groups. */
  readonly compared: Pick<ComparedGroups, "of" | "fenceAll">;
  /** Whether there is no known problem with the peer's state of a group, so that it may lead. */
  readonly isFit: (peer: NodeId, group: GroupId) => boolean;
  /** Whether the peer has not reported a full disk lately. */
  readonly hasRoom: (peer: NodeId) => boolean;
  /** Whether this replica's state at the index may be sent in a snapshot; if not yet, ask again. */
  readonly mayKeep: (index: LogIndex) => boolean;
  /** Handles unexpected exceptions. */
  readonly internalErrors: InternalErrors;
  /** The state of this leader's exports of snapshots; undefined when it does not lead or exports none. */
  readonly snapshotExport: () => SnapshotExport | undefined;
}
