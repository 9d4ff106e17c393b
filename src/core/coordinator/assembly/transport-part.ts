// The part of a replica that peers reach: whom it hears, its streams, and the host that gives messages to the groups.

import { setImmediate as nextTurn } from "node:timers/promises";
import { FLEET_GROUP, type GroupId, logIndex, type NodeId } from "../../base/ids.ts";
import { GrpcTransport } from "../../transport/grpc.ts";
import { logMessages } from "../../transport/message-log.ts";
import { RoundTrips } from "../../transport/round-trips.ts";
import type { Announcement, Transport } from "../../transport/transport.ts";
import { channelOptions, quickRedial } from "../../wire/channel-options.ts";
import type { RpcFailure } from "../../wire/rpc-error.ts";
import { channelCredentials } from "../../wire/tls/credentials.ts";
import { outdatedBuild } from "../cluster-version/version-gate.ts";
import { type CoordinatorOptions, ownPeer } from "../coordinator-options.ts";
import { DroppedMessages } from "../group/dropped-messages.ts";
import { FleetMachine } from "../group/fleet-machine.ts";
import { judgeSnapshot } from "../group/judge-snapshot.ts";
import { Host } from "../host/host.ts";
import { PROFILES } from "../host/profile.ts";
import type { DiskWatch } from "../leadership/disk-watch.ts";
import { PeerGate } from "../membership/peer-gate.ts";
import { diskWatch } from "./coordinator-parts.ts";
import type { LateParts } from "./late-parts.ts";
import type { Opened } from "./open.ts";

/** The port of etcd's API is known when it listens. */
interface OwnAnnouncement extends Announcement {
  etcdAddress: string;
}

interface Made {
  readonly announces: OwnAnnouncement;
  readonly machine: FleetMachine;
  readonly dropped: DroppedMessages;
  readonly gate: PeerGate;
  readonly watch: DiskWatch;
}

export interface TransportPart extends Made {
  readonly transport: GrpcTransport;
  readonly roundTrips: RoundTrips;
  /** The transport as groups use it: timed and logged. */
  readonly sending: Transport;
  readonly host: Host;
  peerName(id: NodeId): string;
}

export function transportPart(options: CoordinatorOptions, opened: Opened, late: LateParts): TransportPart {
  const { self, log } = options;
  const machine = new FleetMachine();
  // The roster also has members that joined after this replica started.
  const peerName = (id: NodeId) =>
    late.roster.part.known().find((peer) => peer.id === id)?.name ?? String(id);
  const made = {
    machine,
    announces: { knownVersion: machine.knownVersion, build: options.version, etcdAddress: "" },
    watch: diskWatch(options, opened.storage, opened.faults),
    dropped: new DroppedMessages({ log, nameOf: peerName }),
    gate: new PeerGate({
      ...{ self, given: options.replicas, view: () => machine.view },
      config: () => late.driver.part.status().config,
      isInGroup: (member) => late.openGroups.part.holds(member),
      isAmnesiac: () => late.replica.part.isAmnesiac,
      hears: (peer) => late.host.part.hears(peer),
    }),
  };
  const transport = transportOf(options, opened, made, late);
  const roundTrips = new RoundTrips();
  const sending = roundTrips.around(logMessages(transport, log, peerName));
  const host = new Host({
    ...{ self, transport: sending, profile: PROFILES[options.profile], disk: opened.storage },
    onUnknownGroup: (group, peer) =>
      log.info("a peer sent a message for a group that is not open here", { group, peer }),
  });
  return { ...made, transport, roundTrips, sending, host: late.host.made(host), peerName };
}

/** The streams to and from the peers, and the handling of their messages. */
function transportOf(
  options: CoordinatorOptions,
  opened: Opened,
  made: Made,
  late: LateParts,
): GrpcTransport {
  const { self, clusterId, log } = options;
  const { tls, storage, faults } = opened;
  const { gate, watch, dropped, machine, announces } = made;
  const openOf = (group: GroupId) => late.openGroups.part.all.get(group);
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
    onStateCheck: (group, from, check) => {
      if (group === FLEET_GROUP) late.checks.part.heard(from, check);
      else late.compared.part.heard(group, from, check);
    },
    inbox: storage.incoming,
    judge: (group, head) => {
      const driver = group === FLEET_GROUP ? late.driver.part : openOf(group)?.driver;
      const reason = judgeSnapshot(driver, head);
      if (reason !== null) dropped.note({ ...head, group, reason });
      return reason;
    },
    check: (group, index) => {
      const found = group === FLEET_GROUP ? machine : openOf(group)?.machine;
      return found?.check(logIndex(index)) ?? null;
    },
    pause: nextTurn,
    snapshotBytesPerSecond: options.snapshotBytesPerSecond,
    ...(faults.isAllowed ? { faults } : {}),
    log,
  });
}

/** The cluster version is above what this build knows: it can no longer take part. */
export function stopIfOutdated(
  { onFatal }: CoordinatorOptions,
  { knownVersion }: FleetMachine,
  failure: RpcFailure,
): void {
  const outdated = outdatedBuild(failure, knownVersion);
  if (outdated !== null) onFatal(outdated);
}
