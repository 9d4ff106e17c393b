// Assembles one replica from its opened parts: its groups on their host, its transport to the peers, its
// knowledge of them, and its readmission. These parts call one another, so some use others that are made
// further down; no such call happens before all are made.

import { setImmediate as nextTurn } from "node:timers/promises";
import { bootClockMs } from "../base/boot-clock.ts";
import { type MonotonicMs, systemClock } from "../base/clock.ts";
import { FLEET_GROUP, type GroupId, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import { GrpcTransport } from "../transport/grpc.ts";
import { logMessages } from "../transport/message-log.ts";
import { RoundTrips } from "../transport/round-trips.ts";
import type { Announcement } from "../transport/transport.ts";
import { channelOptions, quickRedial } from "../wire/channel-options.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { StateCheck } from "../wire/gen/fleet/v1/raft.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { channelCredentials } from "../wire/tls/credentials.ts";
import { outdatedBuild } from "./cluster-version/version-gate.ts";
import { type CoordinatorOptions, nameIn, ownPeer } from "./coordinator-options.ts";
import { diskWatch, rosterOf } from "./coordinator-parts.ts";
import { compareStates } from "./divergence/compare-states.ts";
import { ComparedGroups } from "./divergence/compared-groups.ts";
import { passOverTables } from "./divergence/pass-over-tables.ts";
import type { StateChecks } from "./divergence/state-checks.ts";
import { followLogLevel } from "./follow-log-level.ts";
import { DroppedMessages } from "./group/dropped-messages.ts";
import { FleetMachine } from "./group/fleet-machine.ts";
import { Freshness } from "./group/freshness.ts";
import type { HostedGroup } from "./group/group-kinds.ts";
import type { GroupPort } from "./group/group-port.ts";
import { judgeSnapshot } from "./group/judge-snapshot.ts";
import type { Machine } from "./group/machine.ts";
import { Host } from "./host/host.ts";
import { PROFILES } from "./host/profile.ts";
import type { DiskWatch } from "./leadership/disk-watch.ts";
import { LeadGroups } from "./membership/lead-groups.ts";
import type { OpenGroups } from "./membership/open-groups.ts";
import { PeerGate } from "./membership/peer-gate.ts";
import { RejoinAsker } from "./membership/rejoin.ts";
import { type Rejoin, Replica } from "./membership/replica.ts";
import type { Roster } from "./membership/roster.ts";
import type { Opened } from "./open.ts";
import { fleetSight, groupsOf } from "./other-groups.ts";
import { Observed } from "./reports/observed.ts";
import { denyByTable } from "./revocation/deny-by-table.ts";
import { startEtcdGroup } from "./start-etcd-group.ts";
import { startFleetGroup } from "./start-group.ts";

/** The port of etcd's API is known when it listens. */
interface OwnAnnouncement extends Announcement {
  etcdAddress: string;
}

export interface Assembled {
  readonly announces: OwnAnnouncement;
  readonly machine: FleetMachine;
  readonly driver: GroupPort<Outcome>;
  readonly openGroups: OpenGroups<HostedGroup>;
  readonly host: Host;
  readonly transport: GrpcTransport;
  readonly roundTrips: RoundTrips;
  readonly dropped: DroppedMessages;
  readonly gate: PeerGate;
  readonly roster: Roster;
  readonly replica: Replica<Outcome>;
  readonly checks: StateChecks;
  readonly compared: ComparedGroups;
  readonly watch: DiskWatch;
  readonly freshness: Freshness;
  readonly observed: Observed;
  readonly isRejoining: boolean;
  leadsSince(): MonotonicMs;
  stop(): Promise<void>;
}

export async function assemble(options: CoordinatorOptions, opened: Opened): Promise<Assembled> {
  const { self, log } = options;
  const { storage, trust, timers, errors } = opened;
  const watch = diskWatch(options, storage, opened.faults);
  const machine = new FleetMachine();
  const announces = { knownVersion: machine.knownVersion, build: options.version, etcdAddress: "" };
  // The roster also has members that joined after this replica started.
  const peerName = (id: NodeId) => roster.known().find((peer) => peer.id === id)?.name ?? String(id);
  const dropped = new DroppedMessages({ log, nameOf: peerName });
  const gate = new PeerGate({
    ...{ self, given: options.replicas, view: () => machine.view },
    config: () => driver.status().config,
    isInGroup: (member) => openGroups.holds(member),
    isAmnesiac: () => replica.isAmnesiac,
    hears: (peer) => host.hears(peer),
  });
  const transport = transportOf(options, opened, {
    ...{ gate, watch, dropped, machine, announces },
    heard: (group, from, check) => {
      if (group === FLEET_GROUP) checks.heard(from, check);
      else compared.heard(group, from, check);
    },
    driverOf: (group) => (group === FLEET_GROUP ? driver : openGroups.all.get(group)?.driver),
    machineOf: (group) => (group === FLEET_GROUP ? machine : openGroups.all.get(group)?.machine),
  });
  const roundTrips = new RoundTrips();
  const logged = logMessages(transport, log, peerName);
  const timed = roundTrips.around(logged);
  const host = new Host({
    self,
    transport: timed,
    profile: PROFILES[options.profile],
    disk: storage,
    onUnknownGroup: (group, peer) =>
      log.info("a peer sent a message for a group that is not open here", { group, peer }),
  });
  const setting = {
    ...options,
    storage,
    transport: timed,
    host,
    watch,
    dropped,
    trust,
    nameOf: nameIn(options),
  };
  const observed = new Observed();
  let leadsSinceMs = systemClock.monotonicMs();
  const onLeadership = () => {
    observed.forgetAll();
    leadsSinceMs = systemClock.monotonicMs();
  };
  const mayKeep = (index: LogIndex) => checks.mayKeep(index);
  const { engine } = options;
  const driver: GroupPort<Outcome> =
    engine == null
      ? startFleetGroup(setting, machine, onLeadership, {
          maySend: (to, index) => checks.maySend(to, index),
          mayKeep,
        })
      : startEtcdGroup<Outcome>(options, engine, {
          ...{ machine, timers, trust, watch, mayKeep, onLeadership },
          answers: (peer) => host.hears(peer),
        });
  const { checks, stop: stopChecking } = compareStates({
    ...{ self, trust, driver, machine, timers, errors, log, nameOf: peerName },
    hears: (peer) => host.hears(peer),
    send: (peer, check) => transport.checkState(peer, check, FLEET_GROUP),
    pass: () => passOverTables(machine),
  });
  const compared = new ComparedGroups({
    ...{ self, timers, errors, log, nameOf: peerName, dataDirectory: options.dataDirectory },
    onFatal: options.onFatal,
    hears: (peer) => host.hears(peer),
    send: (peer, check, group) => transport.checkState(peer, check, group),
  });
  const roster = rosterOf(options, driver, machine, transport, {
    isInGroup: (member) => openGroups.holds(member),
    named: () => gate.named(),
  });
  // Restoring the initial state may take seconds. Before that nothing is served, and this replica takes part
  // in nothing.
  await driver.restored;
  machine.orders.ignoreThrough(driver.status().lastIndex);
  machine.orders.onLogLevel = (order) => followLogLevel(options, order);
  const { denials } = opened;
  const stopDenying = denials === null ? () => {} : denyByTable(machine, options.clusterId, denials);
  const asker = rejoinAsker(options, opened, { machine, roster });
  const rejoin = await rejoining(opened, asker);
  const isFit = (peer: NodeId) => checks.isFit(peer);
  const replica = new Replica<Outcome>({ self, driver, host, disk: watch, watch, trust, isFit, rejoin });
  const openGroups = groupsOf(setting, opened, { driver, machine, replica, asker, compared });
  const leadGroups = new LeadGroups({
    ...{ self, timers, groups: () => openGroups.all, disk: watch },
    fleet: fleetSight(driver, machine, replica),
    answers: (peer) => transport.isConnected(peer) && host.hears(peer),
    comparing: (group) => compared.of(group),
  });
  host.start();
  const { monotonicMs } = systemClock;
  const freshness = new Freshness({ driver, clocks: [monotonicMs, bootClockMs], now: monotonicMs });
  const stopRenewing = freshness.keepRenewing(timers);
  return {
    ...{
      announces,
      machine,
      driver,
      openGroups,
      host,
      transport,
      roundTrips,
      dropped,
      gate,
      roster,
      replica,
    },
    ...{ checks, compared, watch, freshness, observed, isRejoining: rejoin !== null },
    leadsSince: () => leadsSinceMs,
    stop: async () => {
      stopChecking();
      compared.stop();
      stopRenewing();
      stopDenying();
      opened.stopFollowing();
      replica.stop();
      leadGroups.stop();
      openGroups.stop();
      host.stop();
      asker.close();
      await transport.close();
    },
  };
}

interface Reached extends Pick<Assembled, "gate" | "watch" | "dropped" | "machine" | "announces"> {
  readonly heard: (group: GroupId, from: NodeId, check: StateCheck) => void;
  readonly driverOf: (group: GroupId) => Parameters<typeof judgeSnapshot>[0];
  readonly machineOf: (group: GroupId) => Machine<unknown> | undefined;
}

/** The streams to and from the peers, and the handling of their messages. */
function transportOf(options: CoordinatorOptions, opened: Opened, reached: Reached): GrpcTransport {
  const { self, clusterId, log } = options;
  const { tls, storage, faults } = opened;
  const { gate, watch, dropped, machine, announces, heard, driverOf, machineOf } = reached;
  return new GrpcTransport({
    self: ownPeer(options),
    gate,
    clusterId,
    announces,
    clusterVersion: () => machine.view.clusterVersion,
    onRefused: (failure) => stopIfOutdated(options, machine, failure),
    peers: options.replicas.filter((replica) => replica.id !== self),
    onDropped: (message) => dropped.note(message),
    tls,
    credentialsFor: (address) => channelCredentials(tls, address, "replica"),
    channelOptions: { ...channelOptions, ...quickRedial },
    disk: watch,
    onStateCheck: heard,
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
}

/** How this replica asks for admission to any group. */
function rejoinAsker(
  options: CoordinatorOptions,
  { tls }: Opened,
  { machine, roster }: Pick<Assembled, "machine" | "roster">,
): RejoinAsker {
  const { self, clusterId, log } = options;
  return new RejoinAsker({
    ...{ self, clusterId, knownVersion: machine.knownVersion, channelOptions },
    credentialsFor: (address) => channelCredentials(tls, address, "replica"),
    peers: () => roster.known().filter((replica) => replica.id !== self),
    onRefused: (failure) => {
      const { reason, message } = failure;
      log.warn("the leader does not admit this replica", { reason, message });
      stopIfOutdated(options, machine, failure);
    },
  });
}

/** How a replica that has lost its disk, or is new, is admitted (ADR-0002); null for one that takes part already. */
async function rejoining({ mark, groupsFile }: Opened, asker: RejoinAsker): Promise<Rejoin | null> {
  const isWhole = await mark.isWhole();
  if (!(await mark.isSet())) return null;
  return {
    isWhole,
    ask: (holding) => asker.ask(holding),
    whole: async (learnerAt) => {
      // First: with the mark alone, a group that was on the lost disk could begin anew.
      await groupsFile.setForgotThrough(learnerAt);
      await mark.setWhole();
    },
    done: () => mark.clear(),
  };
}

function stopIfOutdated(
  { onFatal }: CoordinatorOptions,
  { knownVersion }: FleetMachine,
  failure: RpcFailure,
): void {
  const outdated = outdatedBuild(failure, knownVersion);
  if (outdated !== null) onFatal(outdated);
}
