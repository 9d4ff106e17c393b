// Assembles one coordinator replica and starts it: storage, the Raft group's driver, peers, gRPC services.
// What must stay true: nothing is served before the data folder was read and found whole. When a write or an
// invariant fails, the process is told to stop: a replica with doubtful state is worse than none.

import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { bootClockMs } from "../base/boot-clock.ts";
import { systemClock } from "../base/clock.ts";
import { nodeLoop } from "../base/event-loop.ts";
import { FLEET_GROUP, type GroupId, logIndex, type NodeId } from "../base/ids.ts";
import { Pace } from "../base/pace.ts";
import { guardedTimers, systemTimers } from "../base/timers.ts";
import type { RoleMetrics } from "../metrics/role-metrics.ts";
import { DiskStorage } from "../storage/disk-storage.ts";
import { RejoinMark } from "../storage/rejoin-mark.ts";
import { GrpcTransport } from "../transport/grpc.ts";
import { logMessages } from "../transport/message-log.ts";
import { RoundTrips } from "../transport/round-trips.ts";
import { channelOptions, quickRedial, serverOptions } from "../wire/channel-options.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import { type FaultsServer, FaultsService } from "../wire/gen/fleet/v1/faults.ts";
import { type RaftServer, RaftService } from "../wire/gen/fleet/v1/raft.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { InternalErrors } from "../wire/server/internal-errors.ts";
import { PacedReading } from "../wire/server/paced-reading.ts";
import { RpcServer } from "../wire/server/rpc-server.ts";
import { addStandardServices } from "../wire/server/standard-services.ts";
import { channelCredentials } from "../wire/tls/credentials.ts";
import { HeldDenials } from "../wire/tls/held-denials.ts";
import { requireHolder } from "../wire/tls/holder.ts";
import { formatIdentity, isTenant } from "../wire/tls/identity.ts";
import { followTls } from "../wire/tls/live-tls.ts";
import { ClientWork } from "./calls/client-work.ts";
import type { ServiceContext } from "./calls/context.ts";
import { LargeWork } from "./calls/large-work.ts";
import { tooBusy } from "./calls/refusals.ts";
import { outdatedBuild } from "./cluster-version/version-gate.ts";
import { type CoordinatorOptions, nameIn, ownPeer } from "./coordinator-options.ts";
import { diskWatch, rosterOf, sizesOf, snapshotSchedule, versionWatch } from "./coordinator-parts.ts";
import { compareStates } from "./divergence/compare-states.ts";
import { startTrust } from "./divergence/start-trust.ts";
import { auditFilesByKey } from "./encryption/audit-files.ts";
import { encryptionChoice, operatorKeys, warnOfExisting } from "./encryption/encryption.ts";
import { AuditExporter } from "./exports/audit-exporter.ts";
import { faultBoard, worldWith } from "./faults/coordinator-faults.ts";
import { DroppedMessages } from "./group/dropped-messages.ts";
import { FleetMachine } from "./group/fleet-machine.ts";
import { Freshness } from "./group/freshness.ts";
import { judgeSnapshot } from "./group/judge-snapshot.ts";
import type { Machine } from "./group/machine.ts";
import { proposeOwn } from "./group/propose-own.ts";
import { Host } from "./host/host.ts";
import { PROFILES } from "./host/profile.ts";
import { handOverAll } from "./leadership/departure.ts";
import { MembershipChanges } from "./membership/change-membership.ts";
import { found } from "./membership/founding.ts";
import { PeerGate } from "./membership/peer-gate.ts";
import { RejoinAsker } from "./membership/rejoin.ts";
import { Replica } from "./membership/replica.ts";
import { coordinatorMetrics } from "./metrics/coordinator-metrics.ts";
import { FIRST_CONTACTS_MAX, FirstContacts } from "./reports/first-contacts.ts";
import { HeardDomains } from "./reports/heard-domains.ts";
import { Observed } from "./reports/observed.ts";
import { REGISTRATIONS, REPORTED_ROWS } from "./reports/pace.ts";
import { RefusedRows } from "./reports/refused-rows.ts";
import { RefusedWrites } from "./reports/refused-writes.ts";
import { denyByTable, servedBy } from "./revocation/deny-by-table.ts";
import { coordinatorService } from "./services/coordinator-service.ts";
import { faultsService } from "./services/faults.ts";
import { raftService } from "./services/raft-service.ts";
import { coordinatorRules, faultRules, raftRules } from "./services/rules.ts";
import { coordinatorDefinition, type ServedCoordinator } from "./services/served-coordinator.ts";
import { type GroupSetting, startFleetGroup, startOtherGroups } from "./start-group.ts";

export interface RunningCoordinator {
  /** host:port that it really listens on. */
  readonly address: string;
  readonly metrics: RoleMetrics;
  close(): Promise<void>;
}

export async function startCoordinator(options: CoordinatorOptions): Promise<RunningCoordinator> {
  const { self, clusterId, log } = options;
  requireHolder(options.tls, { kind: "replica", id: self }, ownPeer(options).name);
  const followed = followTls(options.tls, log);
  const { tls } = followed;
  const internalErrors = new InternalErrors(`coordinator ${ownPeer(options).name}`, log);
  const timers = guardedTimers(systemTimers, internalErrors);
  const faults = faultBoard(options, timers);
  const mark = new RejoinMark(options.dataDirectory);
  const storage = await DiskStorage.open({
    directory: options.dataDirectory,
    identity: { clusterId, nodeId: self },
    encryption: await encryptionChoice(options.encryption ?? null),
    onReport: (report) => log.warn("storage", { ...report }),
    world: worldWith(faults),
  });
  warnOfExisting(options.encryption ?? null, await storage.encryption(), log);
  const denials =
    tls === "insecure-loopback" ? null : await HeldDenials.open(options.dataDirectory, tls.denyList, log);
  const voters = options.replicas.map((replica) => replica.id);
  await found({ ...options, voters }, storage, mark);

  const trust = startTrust(options.dataDirectory, log);
  const peers = options.replicas.filter((replica) => replica.id !== self);
  const credentialsFor = (address: string) => channelCredentials(tls, address, "replica");
  const watch = diskWatch(options, storage, faults);
  // The roster also has members that joined after this replica started.
  const peerName = (id: NodeId) => roster.known().find((peer) => peer.id === id)?.name ?? String(id);
  const dropped = new DroppedMessages({ log, nameOf: peerName });
  const machine = new FleetMachine();
  const { knownVersion } = machine;
  const announces = { knownVersion, build: options.version };
  const stopIfOutdated = (failure: RpcFailure) => {
    const outdated = outdatedBuild(failure, knownVersion);
    if (outdated !== null) options.onFatal(outdated);
  };
  const gate = new PeerGate({
    ...{ self, given: options.replicas, view: () => machine.view },
    config: () => driver.status().config,
    isAmnesiac: () => replica.isAmnesiac,
    hears: (peer) => host.hears(peer),
    introduce: (peer) => roster.introduce(peer),
  });
  const transport = new GrpcTransport({
    self: ownPeer(options),
    gate,
    clusterId,
    announces,
    clusterVersion: () => machine.view.clusterVersion,
    onRefused: stopIfOutdated,
    peers,
    onDropped: (message) => dropped.note(message),
    credentialsFor,
    channelOptions: { ...channelOptions, ...quickRedial },
    disk: watch,
    onStateCheck: (from, check) => checks.heard(from, check),
    inbox: storage.incoming,
    judge: (group, head) => {
      const reason = judgeSnapshot(driverOf(group), head);
      if (reason !== null) dropped.note({ ...head, group, reason });
      return reason;
    },
    check: (group, index) => machineOf(group)?.check(logIndex(index)) ?? null,
    pause: nextTurn,
    snapshotBytesPerSecond: options.snapshotBytesPerSecond,
    ...(faults.isAllowed ? { faults } : {}),
    log,
  });
  const driverOf = (group: GroupId) => (group === FLEET_GROUP ? driver : groups.get(group)?.driver);
  const machineOf = (group: GroupId): Machine<unknown> | undefined =>
    group === FLEET_GROUP ? machine : groups.get(group)?.machine;
  const roundTrips = new RoundTrips();
  const told = log.debug === undefined ? transport : logMessages(transport, log.debug, peerName);
  const timed = roundTrips.around(told);
  const observed = new Observed();
  const profile = PROFILES[options.profile];
  const host = new Host({
    self,
    transport: timed,
    profile,
    disk: storage,
    onUnknownGroup: (group, peer) => log.warn("a peer speaks of a group that is not here", { group, peer }),
  });
  const setting: GroupSetting = {
    ...options,
    storage,
    transport: timed,
    host,
    watch,
    dropped,
    trust,
    nameOf: nameIn(options),
  };
  let leadsSinceMs = systemClock.monotonicMs();
  const onLeadership = () => {
    observed.forgetAll();
    leadsSinceMs = systemClock.monotonicMs();
  };
  const driver = startFleetGroup(setting, machine, onLeadership, {
    maySend: (to, index) => checks.maySend(to, index),
    mayKeep: (index) => checks.mayKeep(index),
  });
  const { checks, stop: stopChecking } = compareStates({
    ...{ self, trust, driver, machine, timers, log, nameOf: peerName },
    hears: (peer) => host.hears(peer),
    send: (peer, check) => transport.checkState(peer, check),
  });
  const roster = rosterOf(options, driver, machine, transport);
  // Restoring the initial state may take seconds. Before that nothing is served, and this replica takes part
  // in nothing.
  await driver.restored;
  const stopDenying = denials === null ? () => {} : denyByTable(machine, clusterId, denials);
  const isWhole = await mark.isWhole();
  const asker = (await mark.isSet())
    ? new RejoinAsker({
        ...{ self, clusterId, knownVersion, credentialsFor, channelOptions },
        peers: () => roster.known().filter((replica) => replica.id !== self),
        onRefused: (failure) => {
          const { reason, message } = failure;
          log.warn("the leader does not let this replica in", { reason, message });
          stopIfOutdated(failure);
        },
      })
    : null;
  const replica = new Replica<Outcome>({
    self,
    driver,
    host,
    disk: watch,
    watch,
    trust,
    isFit: (peer) => checks.isFit(peer),
    rejoin: asker && {
      isWhole,
      ask: (holding) => asker.ask(holding),
      whole: () => mark.setWhole(),
      done: () => mark.clear(),
    },
  });

  const groups = startOtherGroups(setting);
  if (options.groups > 0 && options.groups !== groups.size) {
    log.warn("groups are founded with the fleet only", { wanted: options.groups, here: groups.size });
  }
  host.start();

  const freshness = new Freshness({
    driver,
    clocks: [systemClock.monotonicMs, bootClockMs],
    now: systemClock.monotonicMs,
  });
  const stopRenewing = freshness.keepRenewing(timers);
  const sizes = sizesOf(storage, internalErrors);
  const context: ServiceContext = {
    clusterId,
    clusterName: options.clusterName,
    self,
    version: options.version,
    metricsAddress: options.metricsAddress,
    get replicas() {
      return roster.known();
    },
    given: options.replicas,
    refusePeer: (peer) => gate.refusal(peer),
    introduce: (peer) => roster.introduce(peer),
    changes: new MembershipChanges(),
    servedBy: (id) => {
      const addressOf = (replica: NodeId) => roster.known().find((peer) => peer.id === replica)?.address;
      return servedBy(id, { self, tls, addressOf, answers: context.answers });
    },
    announced: (id) => (id === self ? announces : transport.announced(id)),
    isWhole: (learner) => replica.isWhole(learner),
    answers: (peer) => transport.isConnected(peer) && host.hears(peer),
    driver,
    groups,
    host,
    sent: transport.sent,
    transferTo: (follower) => transport.transferTo(follower, FLEET_GROUP),
    roundTripMs: (peer) => roundTrips.to(peer),
    sizes: () => sizes.now(),
    machine,
    folderKeys: {
      status: () => storage.encryption(),
      operatorKeys: () => operatorKeys(options.encryption ?? null),
      rotate: (keys) => storage.rotateKeys(keys),
      auditFiles: () => auditFilesByKey(join(options.dataDirectory, "audit")),
      log,
    },
    freshness,
    observed,
    heardDomains: new HeardDomains(),
    refusedRows: new RefusedRows(log),
    refusedWrites: new RefusedWrites(log),
    noteDenied: (denied) => server.noteDenied(denied),
    firstContacts: new FirstContacts(),
    firstContactsMax: options.firstContactsMax ?? FIRST_CONTACTS_MAX,
    registrationPace: new Pace(REGISTRATIONS),
    rowPace: new Pace(REPORTED_ROWS),
    leadsSince: () => leadsSinceMs,
    liveness: options.liveness,
    disk: watch,
    admission: () => replica.admission,
    tls,
    work: new ClientWork(nodeLoop),
    largeWork: new LargeWork(nodeLoop),
    startedMs: systemClock.monotonicMs(),
    clock: faults.clock(),
    sleep,
    snapshotExport: () => schedule?.status(),
    internalErrors,
    trust,
    isFit: (peer) => checks.isFit(peer),
    mayKeep: (index) => checks.mayKeep(index),
  };
  const schedule = await snapshotSchedule(options, context, timers);
  const server = new RpcServer({
    ...{ tls, errors: internalErrors, log, options: serverOptions },
    gate: {
      arrive: (identity) => context.work.arrive(formatIdentity(identity), isTenant(identity)),
      goOn: () => context.work.answer(),
      refusal: () => tooBusy(context),
      reading: new PacedReading(nodeLoop),
    },
  });
  server.addService<ServedCoordinator>(
    coordinatorDefinition,
    coordinatorService(context, timers),
    coordinatorRules,
  );
  server.addService<RaftServer>(RaftService, raftService(context, transport, replica), raftRules(tls));
  server.addService<FaultsServer>(FaultsService, faultsService(context, faults), faultRules);
  const standard = addStandardServices(server, ["coordinator", "raft", "faults"]);
  const versions = versionWatch(context);
  const stopLooking = timers.every(profile.tickMs, () => {
    roster.look();
    versions.look();
    standard.setServing("fleet.v1.Coordinator", driver.status().leader !== 0 && trust.isTrusted);
  });
  const auditExporter = new AuditExporter({
    directory: join(options.dataDirectory, "audit"),
    entriesPerFile: options.auditExportEvery,
    keys: () => operatorKeys(options.encryption ?? null),
    mayExport: () => driver.status().role === "leader" && !storage.isFull && trust.isTrusted,
    view: () => machine.view,
    note: (throughIndex) =>
      proposeOwn(context, { $case: "noteAuditExported", value: { throughIndex } }, systemClock),
    timers,
    log,
  });
  const address = await server.listen(options.listen);
  log.info("coordinator listens", { address, clusterId, rejoining: asker !== null, groups: groups.size });
  return {
    address,
    metrics: coordinatorMetrics(context, {
      roundTripMs: (peer) => roundTrips.to(peer),
      dropped: () => dropped.counts,
      callers: () => server.callers,
      snapshotSavedAtMs: async () => (await storage.newestSnapshot(FLEET_GROUP))?.savedAtMs ?? null,
    }),
    close: async () => {
      faults.close();
      auditExporter.stop();
      schedule?.stop();
      const departure = await handOverAll(context);
      if (departure.led > 0) log.info("leaves leadership to others", { ...departure });
      stopLooking();
      stopChecking();
      stopRenewing();
      stopDenying();
      followed.close();
      replica.stop();
      host.stop();
      asker?.close();
      await transport.close();
      await server.close();
      await denials?.close();
      await storage.close();
    },
  };
}
