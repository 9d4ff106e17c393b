// Replies as a small fleet would give them; each test says only what differs.

import type { Listed } from "../../../../src/client/all-pages.ts";
import type { FleetStatus, NodeObservation } from "../../../../src/client/fleet-status.ts";
import { fleetVersion } from "../../../../src/client/fleet-version.ts";
import { AuditEntry, ShardState } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  type ClusterView,
  type DataPlane,
  type ListAuditResponse,
  type ListClustersResponse,
  type ListShardsResponse,
  type NodeStatus,
  ReadStamp,
  ShardShortfall,
  type ShardView,
  type SnapshotExport,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Admission, Drift, Role, ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import type { ListEvent, Lists } from "../../../../src/ui/model/top/lists.ts";
import type { ListName } from "../../../../src/ui/model/top/views.ts";

export const MEMBERS = [1, 2, 3].map((id) => ({
  nodeId: id,
  name: `n${id}`,
  address: `127.0.0.1:700${id}`,
  learner: false,
}));

function nodeStatus(id: number, differs: Partial<NodeStatus> = {}): NodeStatus {
  return {
    clusterId: "f1",
    clusterName: "local",
    nodeId: id,
    nodeName: `n${id}`,
    role: id === 1 ? Role.LEADER : Role.FOLLOWER,
    term: 3,
    leaderId: 1,
    firstIndex: 1,
    lastIndex: 120,
    commitIndex: 120,
    appliedIndex: 120,
    snapshotIndex: 0,
    stateHash: "abcdef0123456789",
    hashAt: "",
    version: "0.1.0",
    members: MEMBERS,
    uptimeMs: 61_000,
    followers: [],
    groups: undefined,
    diskFull: false,
    configurationIndex: 1,
    syncs: syncLatency(2),
    diskSlow: false,
    admission: Admission.MEMBER,
    metricsAddress: "127.0.0.1:9601",
    etcdAddress: "127.0.0.1:2379",
    certificateEndsAtMs: 100 * 86_400_000,
    certificateRefusal: "",
    certificateRevoked: "",
    snapshotExport: undefined,
    stateDoubt: undefined,
    keySpace: undefined,
    knownVersion: 2,
    clusterVersion: 2,
    awaitedUpgrades: [],
    heldLog: undefined,
    etcdEngine: undefined,
    ...differs,
  };
}

export const SOUND_DATA_PLANE: DataPlane = {
  ...{ shardsAlive: 3, shardsSuspect: 0, shardsDead: 0, shardsUnheard: 0 },
  ...{ clusters: 12, clustersElsewhere: 0, clustersDouble: 0, clustersAbsent: 0 },
  ...{ clustersMigrating: 0, clustersUnknown: 0 },
  ...{ instructionsPending: 0, instructionsRefused: 0, oldestPendingMs: 0 },
};

/** Of a leader whose exports succeed. */
export function exportStatus(differs: Partial<SnapshotExport> = {}): SnapshotExport {
  return {
    to: "/backup",
    everyMs: 300_000,
    index: 9,
    exportedAtMs: 1,
    ageMs: 450_500,
    error: "",
    overdue: false,
    undeleted: 0,
    undeletedError: differs.undeleted ? "EACCES" : "",
    vanished: 0,
    ...differs,
  };
}

/** A node whose frames of the last minute took at most so long. */
export function syncLatency(p99Ms: number): NonNullable<NodeStatus["syncs"]> {
  const total = { boundsMs: [1, 1_000], cumulative: [0, 5], count: 5, sumMs: 5 * p99Ms };
  return { ...total, medianMs: p99Ms / 2, p99Ms, underWayMs: 0 };
}

export function upNode(id: number, differs: Partial<NodeStatus> = {}, observedAtMs = 0): NodeObservation {
  return {
    name: `n${id}`,
    nodeId: id,
    address: `127.0.0.1:700${id}`,
    reachable: true,
    error: null,
    roundTripMs: 2,
    status: nodeStatus(id, differs),
    observedAtMs,
    hashAt: "abcdef0123456789",
    lag: 0,
    certificateDaysLeft: 100,
  };
}

export function downNode(id: number, error = "connection refused"): NodeObservation {
  return {
    ...upNode(id),
    reachable: false,
    error,
    roundTripMs: null,
    status: null,
    hashAt: null,
    lag: null,
    certificateDaysLeft: null,
    nodeId: null,
  };
}

export function fleetReply(
  nodes: readonly NodeObservation[],
  differs: Partial<FleetStatus> = {},
): FleetStatus {
  const answering = nodes.flatMap(({ status }) => (status === null ? [] : [status]));
  return {
    clusterName: "local",
    nodes,
    leader: 1,
    leaderClaims: answering.map((status) => ({
      by: status.nodeName,
      leaderId: status.leaderId,
      term: status.term,
    })),
    agreed: true,
    hashIndex: 120,
    hashesAgree: true,
    versions: fleetVersion(answering, answering.find(({ role }) => role === Role.LEADER) ?? null, []),
    verdict: answering.length === nodes.length ? "healthy" : "degraded",
    tolerance: { voters: 3, following: 3, canLose: 1 },
    dataPlane: null,
    ...differs,
  };
}

export function shardView(id: string, differs: Partial<ShardView> = {}): ShardView {
  return {
    shard: {
      shardId: id,
      address: "127.0.0.1:7101",
      epoch: 1,
      registeredAtMs: 1_700_000_000_000,
      version: 1,
      region: "",
      zone: "",
      state: ShardState.ACTIVE,
    },
    observed: {
      ...{ reportedAtMs: 1_700_000_100_000, ageMs: 1200, sessions: 4, boundClusters: 4 },
      ...{ summary: undefined, shortfalls: 0, lateAfterMs: 15_000, newerTerm: 0 },
      ...{ shortfallsLeftOut: 0, doubleDialsLeftOut: 0 },
    },
    declaredClusters: 4,
    declaredDomains: 0,
    pendingInstructions: 0,
    liveness: ShardLiveness.ALIVE,
    ...differs,
  };
}

export function clusterView(
  id: string,
  drift: Drift = Drift.NONE,
  differs: Partial<ClusterView> = {},
): ClusterView {
  return {
    clusterId: id,
    declared: {
      clusterId: id,
      shardId: "s1",
      version: 1,
      sinceMs: 1_700_000_000_000,
      sinceIndex: 12,
      by: "fleet://admin",
      migration: undefined,
    },
    observed: [{ shardId: "s1", session: true, bound: true, ageMs: 900, doubleDial: undefined, late: false }],
    drift,
    ...differs,
  };
}

/** A cluster's session at a shard whose last report is old. */
export const lateSight = (shardId: string) => ({
  ...{ shardId, session: true, bound: true },
  ...{ ageMs: 90_000, late: true, doubleDial: undefined },
});

/** What c1 lacks at s1. */
export function shortfallOfC1(): ShardShortfall {
  const demand = { deficit: { cpu: 4 }, requirements: { zone: "z1" }, ageCycles: 3, priority: 9 };
  return ShardShortfall.fromPartial({ shardId: "s1", shortfall: { clusterId: "c1", ...demand } });
}

const stamp = ReadStamp.fromPartial({ index: 120, term: 3, nodeId: 1, nodeName: "n1", leads: true });

export const shardsReply = (...shards: ShardView[]): Listed<ListShardsResponse> => ({
  stamp,
  shards,
  more: false,
});

export const clustersReply = (...clusters: ClusterView[]): Listed<ListClustersResponse> => ({
  stamp,
  clusters,
  observedComplete: true,
  more: false,
});

export const auditReply = (...entries: Partial<AuditEntry>[]): Listed<ListAuditResponse> => ({
  stamp,
  entries: entries.map((entry) => AuditEntry.fromPartial(entry)),
  export: undefined,
  more: false,
});

/** The list, as a dashboard hears it at its beginning. */
export function listed<Name extends ListName>(name: Name, reply: Lists[Name]): ListEvent {
  return { kind: "list", name, atMs: 0, reply } as unknown as ListEvent;
}
