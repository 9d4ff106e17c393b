// Serves an assembled replica: its services on their port, its exports, and its regular checks.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../base/clock.ts";
import { nodeLoop } from "../../base/event-loop.ts";
import { FLEET_GROUP, type NodeId } from "../../base/ids.ts";
import { Pace } from "../../base/pace.ts";
import type { RoleMetrics } from "../../metrics/role-metrics.ts";
import { serverOptions } from "../../wire/channel-options.ts";
import { type FaultsServer, FaultsService } from "../../wire/gen/fleet/v1/faults.ts";
import { type RaftServer, RaftService } from "../../wire/gen/fleet/v1/raft.ts";
import type { Gate } from "../../wire/server/call-door.ts";
import { RpcServer } from "../../wire/server/rpc-server.ts";
import { addStandardServices } from "../../wire/server/standard-services.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import { ClientWork, type Worker, workerOf } from "../calls/client-work.ts";
import type { ServiceContext } from "../calls/context.ts";
import { LargeWork } from "../calls/large-work.ts";
import { tooBusy } from "../calls/refusals.ts";
import { type CoordinatorOptions, ownPeer } from "../coordinator-options.ts";
import { auditFilesByKey } from "../encryption/audit-files.ts";
import { operatorKeys } from "../encryption/encryption.ts";
import { type EtcdApi, etcdApi } from "../etcd/etcd-api.ts";
import type { LocalKeys } from "../etcd/local-keys.ts";
import { PROFILES } from "../host/profile.ts";
import { MembershipChanges } from "../membership/change-membership.ts";
import { coordinatorMetrics } from "../metrics/coordinator-metrics.ts";
import { FIRST_CONTACTS_MAX, FirstContacts } from "../reports/first-contacts.ts";
import { HeardDomains } from "../reports/heard-domains.ts";
import { REGISTRATIONS, REPORTED_ROWS } from "../reports/pace.ts";
import { PlanRunners } from "../reports/plan-runners.ts";
import { RefusedRows } from "../reports/refused-rows.ts";
import { RefusedWrites } from "../reports/refused-writes.ts";
import { servedBy } from "../revocation/deny-by-table.ts";
import { coordinatorService } from "../services/coordinator-service.ts";
import { DataPlaneCount } from "../services/data-plane.ts";
import { faultsService } from "../services/faults.ts";
import { raftService } from "../services/raft-service.ts";
import { reportUnread } from "../services/report-shard.ts";
import { coordinatorRules, faultRules, raftRules } from "../services/rules.ts";
import { coordinatorDefinition, type ServedCoordinator } from "../services/served-coordinator.ts";
import type { Assembled } from "./assemble.ts";
import { auditExporter, sizesOf, snapshotSchedule, versionWatch } from "./coordinator-parts.ts";
import type { Opened } from "./open.ts";

export interface Serving {
  /** host:port that it really listens on; empty = nowhere. */
  readonly address: string;
  /** Where it really serves etcd's API; null = nowhere. */
  readonly etcdAddress: string | null;
  /** The key space for the program that this replica runs in. */
  readonly localKeys: LocalKeys;
  readonly metrics: RoleMetrics;
  readonly context: ServiceContext;
  stopExports(): void;
  stopLooking(): void;
  close(): Promise<void>;
}

export async function serve(
  options: CoordinatorOptions,
  opened: Opened,
  replica: Assembled,
): Promise<Serving> {
  const { tls, errors, timers, storage, trust } = opened;
  const { transport, driver, roster, dropped } = replica;
  // The server counts callers that the services refuse, and the status shows the export schedule: both are
  // made with the context.
  const context = contextOf(options, opened, replica, {
    noteDenied: (denied) => server.noteDenied(denied),
    countRequest: (identity) => server.countRequest(identity),
    snapshotExport: () => schedule?.status(),
  });
  const schedule = await snapshotSchedule(options, context, timers);
  const gate = gateOf(context);
  const server = new RpcServer({ tls, errors, gate, log: options.log, options: serverOptions });
  const etcd = etcdApi(context, transport, {
    tls: options.etcd?.isPlaintext === true ? "insecure-loopback" : tls,
    ...{ errors, log: options.log, gate, timers },
  });
  // One for all: callers of the metrics' port have no identity, and so no limits.
  const dataPlanes = new DataPlaneCount(context);
  addServices(server, context, opened, replica, { etcd, dataPlanes });
  const standard = addStandardServices(server, ["coordinator", "raft", "faults"], tls);
  const versions = versionWatch(context);
  const stopLooking = timers.every(PROFILES[options.profile].tickMs, () => {
    roster.look();
    standard.setServing("fleet.v1.Coordinator", driver.leader !== 0 && trust.isTrusted);
    return versions.look();
  });
  const audit = auditExporter(options, context, opened);
  const address = options.listen === null ? "" : await server.listen(options.listen);
  const etcdAddress = options.etcd ? await etcd.listen(options.etcd.listen) : null;
  if (etcdAddress !== null) replica.announces.etcdAddress = dialable(etcdAddress, ownPeer(options).address);
  return {
    address,
    etcdAddress,
    localKeys: etcd.local,
    context,
    metrics: coordinatorMetrics(context, {
      roundTripMs: (peer) => replica.roundTrips.to(peer),
      dropped: () => dropped.counts,
      callers: () => server.callers,
      dataPlanes,
      keyWatches: () => etcd.watches(),
      snapshotSavedAtMs: async () => (await storage.newestSnapshot(FLEET_GROUP))?.savedAtMs ?? null,
    }),
    stopExports: () => {
      audit.stop();
      schedule?.stop();
    },
    stopLooking,
    close: async () => {
      await etcd.close();
      await server.close();
    },
  };
}

/** When a call may begin, and with whose share. */
function gateOf(context: ServiceContext): Gate {
  const isPeer = (identity: Identity) =>
    identity.kind === "replica" && context.refusePeer(identity.id) === null;
  const workerAtDoor = (identity: Identity): Worker => {
    const worker = workerOf(identity);
    // The certificate of a removed or unknown replica gives it no share among administrators.
    return identity.kind === "replica" && !isPeer(identity) ? { ...worker, share: "tenants" } : worker;
  };
  return {
    arrive: (identity) => context.work.arrive(workerAtDoor(identity)),
    goOn: (identity) => context.work.answer(workerAtDoor(identity)),
    isPeer,
    refusal: () => tooBusy(context),
  };
}

function addServices(
  server: RpcServer,
  context: ServiceContext,
  { tls, faults, timers }: Opened,
  replica: Assembled,
  { etcd, dataPlanes }: { readonly etcd: Pick<EtcdApi, "forwarded">; readonly dataPlanes: DataPlaneCount },
): void {
  const coordinator = coordinatorService(context, timers, dataPlanes);
  server.addService<ServedCoordinator>(coordinatorDefinition, coordinator, {
    ...coordinatorRules,
    reportShard: {
      ...coordinatorRules.reportShard,
      announced: (caller, bytes) => reportUnread(context, caller, bytes),
    },
  });
  server.addService<RaftServer>(
    RaftService,
    raftService(context, replica, (request, caller) => etcd.forwarded(request, caller)),
    raftRules(tls),
  );
  server.addService<FaultsServer>(FaultsService, faultsService(context, faults), faultRules);
}

/** The port may be bound to all addresses of the host: others dial the host as they know it. */
function dialable(bound: string, own: string): string {
  return `${own.slice(0, own.lastIndexOf(":"))}${bound.slice(bound.lastIndexOf(":"))}`;
}

function contextOf(
  options: CoordinatorOptions,
  { tls, errors, faults, storage, trust }: Opened,
  replica: Assembled,
  late: Pick<ServiceContext, "noteDenied" | "countRequest" | "snapshotExport">,
): ServiceContext {
  const { self, clusterId, log } = options;
  const { announces, driver, machine, openGroups, host, transport, gate, roster, checks, watch } = replica;
  const sizes = sizesOf(options, { storage, faults, errors });
  const answers = (peer: NodeId) => transport.isConnected(peer) && host.hears(peer);
  const addressOf = (id: NodeId) => roster.known().find((peer) => peer.id === id)?.address;
  return {
    ...late,
    ...{ clusterId, clusterName: options.clusterName, self, version: options.version },
    metricsAddress: options.metricsAddress,
    engine: options.engine ?? null,
    isEtcdPlainDespiteKey: options.engine != null && options.encryption != null,
    log: options.log,
    get replicas() {
      return roster.known();
    },
    given: options.replicas,
    refusePeer: (peer) => gate.refusal(peer),
    introduce: (peer) => roster.introduce(peer),
    changes: new MembershipChanges(),
    servedBy: (id) => servedBy(id, { self, tls, addressOf, answers }),
    announced: (id) => (id === self ? announces : transport.announced(id)),
    refusals: () => transport.refusals(),
    isWhole: (learner) => replica.replica.isWhole(learner),
    answers,
    ...{ driver, groups: openGroups.all, host, machine },
    groupsWith: (member) => openGroups.holding(member),
    sent: transport.sent,
    transferTo: (follower) => transport.transferTo(follower, FLEET_GROUP),
    roundTripMs: (peer) => replica.roundTrips.to(peer),
    sizes: () => sizes.now(),
    folderKeys: {
      status: () => storage.encryption(),
      operatorKeys: () => operatorKeys(options.encryption ?? null),
      rotate: (keys) => storage.rotateKeys(keys),
      auditFiles: () => auditFilesByKey(join(options.dataDirectory, "audit")),
      log,
    },
    freshness: replica.freshness,
    observed: replica.observed,
    heardDomains: new HeardDomains(),
    refusedRows: new RefusedRows(log),
    refusedWrites: new RefusedWrites(log),
    planRunners: new PlanRunners(),
    firstContacts: new FirstContacts(),
    firstContactsMax: options.firstContactsMax ?? FIRST_CONTACTS_MAX,
    registrationPace: new Pace(REGISTRATIONS),
    rowPace: new Pace(REPORTED_ROWS),
    leadsSince: replica.leadsSince,
    liveness: options.liveness,
    disk: watch,
    admission: () => replica.replica.admission,
    tls,
    work: new ClientWork(nodeLoop),
    largeWork: new LargeWork(nodeLoop),
    startedMs: systemClock.monotonicMs(),
    clock: faults.clock(),
    sleep,
    internalErrors: errors,
    trust,
    compared: replica.compared,
    isFit: (peer, group) =>
      group === FLEET_GROUP ? checks.isFit(peer) : replica.compared.of(group)?.isFit(peer) !== false,
    hasRoom: (peer) => watch.reports().get(peer)?.full !== true,
    mayKeep: (index) => checks.mayKeep(index),
  };
}
