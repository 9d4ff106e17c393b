// This replica's own view of itself and its group: answered at once, in any role, with or without a quorum.

import { assert } from "../../base/assert.ts";
import { elapsedMs } from "../../base/clock.ts";
import { quantile } from "../../base/histogram.ts";
import type { SyncLatency as Syncs } from "../../storage/sync-latency.ts";
import type {
  EtcdEngineStatus,
  GetStatusRequest,
  GroupCounts,
  Member,
  NodeStatus,
  SyncLatency,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { Admission, Role } from "../../wire/gen/fleet/v1/views.ts";
import { LOG_LEVEL_NUMBERS } from "../../wire/log-level.ts";
import { leafOf } from "../../wire/tls/tls.ts";
import type { ServiceContext } from "../calls/context.ts";
import { ownIncarnation } from "../calls/other-incarnation.ts";
import { ignorantOf } from "../cluster-version/version-watch.ts";
import { configurationIndex } from "../membership/members.ts";
import { keySpaceStatus } from "./key-space-status.ts";
import { countDisobeying } from "./sight.ts";
import { stateDoubt } from "./state-doubt.ts";
import { followers, vitals } from "./vitals.ts";

export const ROLES = {
  follower: Role.FOLLOWER,
  "pre-candidate": Role.PRE_CANDIDATE,
  candidate: Role.CANDIDATE,
  leader: Role.LEADER,
} as const;

const ADMISSIONS = {
  member: Admission.MEMBER,
  waiting: Admission.WAITING,
  rejoining: Admission.REJOINING,
} as const;

type RaftStatus = ReturnType<ServiceContext["driver"]["status"]>;

export function nodeStatus(context: ServiceContext, request: GetStatusRequest): NodeStatus {
  const raft = context.driver.status();
  const self = context.replicas.find((replica) => replica.id === context.self);
  assert(self !== undefined, "a replica is among the replicas");
  return {
    clusterId: context.clusterId,
    clusterName: context.clusterName,
    nodeId: context.self,
    nodeName: self.name,
    role: ROLES[raft.role],
    term: raft.term,
    leaderId: raft.leader,
    firstIndex: raft.firstIndex,
    lastIndex: raft.lastIndex,
    commitIndex: raft.commit,
    appliedIndex: context.driver.appliedIndex,
    snapshotIndex: context.driver.snapshotIndex,
    stateHash: context.driver.isRestoring ? "" : context.machine.view.hash(),
    hashAt: context.machine.hashAt(request.hashAtIndex) ?? "",
    version: context.version,
    members: members(context, raft),
    uptimeMs: elapsedMs(context.startedMs, context.clock.monotonicMs()),
    followers: followers(context, raft),
    diskFull: context.disk.isFull,
    configurationIndex: configurationIndex(context),
    syncs: syncLatency(context.disk.syncs),
    diskSlow: context.disk.isSlow,
    admission: ADMISSIONS[context.admission()],
    metricsAddress: context.metricsAddress,
    etcdAddress: context.announced(context.self)?.etcdAddress ?? "",
    certificateEndsAtMs:
      context.tls === "insecure-loopback" ? undefined : leafOf(context.tls).validToDate.getTime(),
    certificateRefusal: context.tls === "insecure-loopback" ? "" : (context.tls.refusal ?? ""),
    certificateRevoked:
      context.refusals().find(({ reason }) => reason === "CERTIFICATE_REVOKED")?.message ?? "",
    snapshotExport: context.snapshotExport(),
    groups: groupCounts(context),
    incarnation: ownIncarnation(context),
    disobeyingShards: raft.role === "leader" ? countDisobeying(context) : undefined,
    stateDoubt: stateDoubt(context.trust.now),
    ...versions(context, raft),
    heldLog: raft.role === "leader" ? { ...context.driver.heldLog } : undefined,
    vitals: vitals(context, raft),
    etcdEngine: etcdEngine(context),
    keySpace: keySpaceStatus(context),
    logLevel: context.log.level === undefined ? undefined : LOG_LEVEL_NUMBERS[context.log.level],
  };
}

function etcdEngine({ engine, isEtcdPlainDespiteKey }: ServiceContext): EtcdEngineStatus | undefined {
  if (engine === undefined || engine === null) return undefined;
  const { addresses, prefix } = engine;
  return { endpoints: [...addresses], prefix, plainDespiteKey: isEtcdPlainDespiteKey === true };
}

function syncLatency(syncs: Syncs): SyncLatency {
  const total = syncs.total();
  const lastMinute = syncs.lastMinute();
  return {
    boundsMs: [...total.bounds],
    cumulative: [...total.cumulative],
    count: total.count,
    sumMs: total.sum,
    medianMs: quantile(lastMinute, 0.5) ?? undefined,
    p99Ms: quantile(lastMinute, 0.99) ?? undefined,
    underWayMs: syncs.underWayMs,
  };
}

function versions({ machine, announced }: ServiceContext, raft: RaftStatus) {
  const { knownVersion, view } = machine;
  const awaited = raft.role === "leader" ? ignorantOf(knownVersion, view, announced) : [];
  return {
    knownVersion,
    clusterVersion: view.clusterVersion,
    awaitedUpgrades: awaited.map(({ name, knownVersion: known, build }) => ({
      ...{ nodeName: name, knownVersion: known, build },
    })),
  };
}

function groupCounts({ host, sent }: ServiceContext): GroupCounts {
  return { ...host.counts(), messagesSent: sent.messages, framesSent: sent.frames };
}

/** The known replicas that are in the group's configuration now. */
function members(context: ServiceContext, raft: RaftStatus): Member[] {
  const { voters, votersOutgoing, learners, learnersNext } = raft.config;
  const members = new Set([...voters, ...votersOutgoing, ...learners, ...learnersNext]);
  return context.replicas
    .filter((replica) => members.has(replica.id))
    .map(({ id, name, address }) => ({ nodeId: id, name, address, learner: learners.includes(id) }));
}
