// Transport over gRPC: a link to every peer, and the streams that peers open here (incoming.ts).

import { type ChannelCredentials, type ChannelOptions, status } from "@grpc/grpc-js";
import { assert, present } from "../base/assert.ts";
import type { GroupId, LogIndex, NodeId } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message } from "../raft/message.ts";
import { KEEPALIVE } from "../wire/channel-options.ts";
import {
  type DiskReport,
  type KnownMember,
  RaftClient,
  type RaftHello,
  type SnapshotHeader,
  type StateCheck,
} from "../wire/gen/fleet/v1/raft.ts";
import type { RpcError, RpcFailure } from "../wire/rpc-error.ts";
import type { Tls } from "../wire/tls/tls.ts";
import { type Gate, Incoming, type UntakenMessage } from "./incoming.ts";
import { type LinkFaults, soundLinks } from "./link-faults.ts";
import { type OpenStream, PeerLink, type SentCounts } from "./peer-link.ts";
import { openPeerStream } from "./peer-stream.ts";
import { RateLimit } from "./rate-limit.ts";
import type { SnapshotReceiverOptions } from "./snapshot-receiver.ts";
import { deliverSnapshot, headerOf, type Reached } from "./snapshot-sender.ts";
import type {
  Announcement,
  Peer,
  Quiesce,
  SnapshotTransfer,
  Transport,
  TransportEvents,
} from "./transport.ts";

// A group above this limit is told to wait and tries again.
const SNAPSHOTS_PER_PEER_MAX = 2;
// Longer than a follower needs to restart and resume.
const STALL_MS = 30_000;

export interface GrpcTransportOptions
  extends Pick<SnapshotReceiverOptions, "inbox" | "judge" | "check" | "pause"> {
  readonly self: Peer;
  readonly clusterId: string;
  /** What this replica's build announces. */
  readonly announces: Announcement;
  /** All replicas except this one, until `setPeers` changes them. */
  readonly peers: readonly Peer[];
  readonly tls: Tls;
  /** Of the calls beside the streams. */
  readonly credentialsFor: (address: string) => ChannelCredentials;
  readonly channelOptions: ChannelOptions;
  readonly gate: Gate & {
    /** The members that are announced to peers: the same array until they change. */
    known(): readonly KnownMember[];
  };
  /**
   * `own`: this replica's disk report, sent to peers with every frame. `heard`: called with the peers'
   * reports.
   */
  readonly disk: { own(): DiskReport; heard(peer: NodeId, report: DiskReport): void };
  /** Called with the peers' checks of a group's applied state. */
  readonly onStateCheck: (group: GroupId, from: NodeId, check: StateCheck) => void;
  /** The cluster version in force: peers whose build does not know it get no entries. */
  readonly clusterVersion: () => number;
  /** A peer refuses this replica for a reason of its own: called once for each peer. */
  readonly onRefused: (failure: RpcFailure) => void;
  /** Limit for snapshots to followers, shared by all peers. */
  readonly snapshotBytesPerSecond: number;
  readonly log: Log;
  readonly onDropped: (message: UntakenMessage) => void;
  /** None by default. */
  readonly faults?: LinkFaults;
}

interface UnderWay {
  readonly own: AbortController;
  readonly index: LogIndex;
  readonly bytes: number;
  reached: Reached;
}

/** To a peer. */
interface Link {
  readonly peer: Peer;
  readonly link: PeerLink;
  /** For calls beside the stream. */
  readonly client: RaftClient;
}

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #links = new Map<NodeId, Link>();
  /** Snapshots in progress to each peer, by group. */
  readonly #underWay = new Map<NodeId, Map<GroupId, UnderWay>>();
  readonly #rate: RateLimit;
  /** Since this process started. */
  readonly sent: SentCounts = { messages: 0, frames: 0 };
  /** The streams that peers open here. */
  readonly incoming: Incoming;
  #events: TransportEvents | null = null;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    this.#rate = new RateLimit(options.snapshotBytesPerSecond);
    this.incoming = new Incoming(options);
  }

  start(events: TransportEvents): void {
    assert(this.#events === null, "a transport starts once");
    this.#events = events;
    this.incoming.start(events);
    this.setPeers(this.#options.peers);
  }

  /** From now on exactly these are connected; the stream of a peer that stays is kept. */
  setPeers(peers: readonly Peer[]): void {
    const events = this.#events;
    assert(events !== null, "a transport that has started has peers");
    const addresses = new Map(peers.map((peer) => [peer.id, peer.address]));
    for (const [id, link] of this.#links) {
      if (addresses.get(id) === link.peer.address) continue;
      close(link);
      this.#links.delete(id);
    }
    for (const peer of peers) if (!this.#links.has(peer.id)) this.#connect(peer, events);
  }

  get #faults(): LinkFaults {
    return this.#options.faults ?? soundLinks;
  }

  isConnected(peer: NodeId): boolean {
    return this.#links.get(peer)?.link.isConnected ?? false;
  }

  /** The peer's process is up, since it has opened its stream here. It may have been dialed in vain before. */
  isUp(peer: NodeId): void {
    this.#links.get(peer)?.link.redial();
    this.#events?.opened(peer);
  }

  /** What the peer's build announces; null while it is not connected. */
  announced(peer: NodeId): Announcement | null {
    return this.#links.get(peer)?.link.announced ?? null;
  }

  /** The peer's etcd API, as it announced it last; empty = none is known. */
  etcdAddressOf(peer: NodeId): string {
    return this.#links.get(peer)?.link.lastAnnounced?.etcdAddress ?? "";
  }

  /** Why peers refused this replica's last stream to each. */
  refusals(): RpcFailure[] {
    return [...this.#links.values()].flatMap(({ link }) => link.refusal ?? []);
  }

  /** For calls to the peer beside its streams; null = it is not among the peers. */
  clientTo(peer: NodeId): RaftClient | null {
    return this.#links.get(peer)?.client ?? null;
  }

  /** The snapshot of the group that is being sent to the peer; null without one. */
  transferTo(peer: NodeId, group: GroupId): SnapshotTransfer | null {
    const underWay = this.#underWay.get(peer)?.get(group);
    if (underWay === undefined) return null;
    const { index, bytes, reached } = underWay;
    return { index, bytes, arrivedBytes: reached.bytes, checkedBytes: reached.checked };
  }

  #connect(peer: Peer, events: TransportEvents): void {
    const { tls, credentialsFor, channelOptions, self, clusterId, announces, log } = this.#options;
    const { address } = peer;
    const client = new RaftClient(address, credentialsFor(address), channelOptions);
    const openStream: OpenStream = (metadata, on) =>
      openPeerStream({ address, tls, keepalive: KEEPALIVE }, metadata, on);
    const members = () => this.#options.gate.known();
    const about = { peer: peer.name, address };
    const dialer = {
      ...{ self, clusterId, announces, members, sent: this.sent, faults: this.#faults },
      random: Math.random,
    };
    const link = new PeerLink(peer, openStream, dialer, {
      disk: () => this.#options.disk.own(),
      unreachable: (group) => events.unreachable(peer.id, group),
      opened: () => {
        log.debug?.("the stream to a peer is open", about);
        events.connected(peer.id);
      },
      failed: (why) => log.debug?.("the stream to a peer can't be opened", { ...about, ...wordsOf(why) }),
      disconnected: (why) => {
        log.debug?.("the stream to a peer was lost", { ...about, ...wordsOf(why) });
        events.disconnected(peer.id);
      },
      mismatched: (hello) =>
        log.warn(mismatchWords(hello, { clusterId, peer }), {
          ...about,
          ...{ ownClusterId: clusterId, ...hello },
        }),
      isTooOld: ({ knownVersion }) => knownVersion < this.#options.clusterVersion(),
      refused: (failure) => {
        const { reason, message } = failure;
        log.warn("a peer refuses this replica", { ...about, reason, message });
        this.#options.onRefused(failure);
      },
    });
    this.#links.set(peer.id, { peer, link, client });
  }

  send(group: GroupId, message: Message): void {
    if (message.type === "MsgSnap") this.#sendSnapshot(group, message);
    else this.#links.get(message.to)?.link.send(group, message);
  }

  quiesce(peer: NodeId, quiesce: Quiesce): void {
    this.#links.get(peer)?.link.quiesce(quiesce);
  }

  checkState(peer: NodeId, check: StateCheck, group: GroupId): void {
    this.#links.get(peer)?.link.checkState(check, group);
  }

  beat(): void {
    for (const { link } of this.#links.values()) link.beat();
  }

  #sendSnapshot(group: GroupId, message: Message): void {
    const client = this.clientTo(message.to);
    if (client === null) return;
    if (this.#faults.outgoing(message.to) === null) {
      queueMicrotask(() => this.#events?.snapshotDelivered(group, message.to, false));
      return;
    }
    const underWay = this.#underWay.get(message.to) ?? new Map<GroupId, UnderWay>();
    this.#underWay.set(message.to, underWay);
    // The core sends another snapshot of the group only when it does not wait for the earlier one any more.
    underWay.get(group)?.own.abort();
    if (!underWay.has(group) && underWay.size >= SNAPSHOTS_PER_PEER_MAX) {
      queueMicrotask(() => this.#events?.snapshotDelivered(group, message.to, false));
      return;
    }
    const { clusterId } = this.#options;
    const header = headerOf(clusterId, group, message);
    const { index } = present(message.snapshot, "a MsgSnap carries a snapshot");
    const nothing = { bytes: 0, checked: 0 };
    const begun = { own: new AbortController(), index, bytes: header.bytes, reached: nothing };
    underWay.set(group, begun);
    void this.#deliver(client, header, message, begun).then((ok) => {
      // If another snapshot has replaced this one, its outcome is not reported: it would be taken for the
      // other's.
      if (underWay.get(group) !== begun) return;
      underWay.delete(group);
      this.#events?.snapshotDelivered(group, message.to, ok);
    });
  }

  async #deliver(
    client: RaftClient,
    header: SnapshotHeader,
    message: Message,
    underWay: UnderWay,
  ): Promise<boolean> {
    const { log } = this.#options;
    const { signal } = underWay.own;
    const { data } = present(message.snapshot, "a MsgSnap carries a snapshot");
    const startMs = performance.now();
    const failure = await deliverSnapshot({
      ...{ client, header, data, signal },
      rate: this.#rate,
      stallMs: STALL_MS,
      onReached: (reached) => {
        underWay.reached = reached;
      },
    });
    const about = { group: header.groupId, to: message.to, index: header.index, bytes: header.bytes };
    const tookMs = Math.round(performance.now() - startMs);
    if (failure === null) log.debug?.("a snapshot was delivered", { ...about, tookMs });
    else if (!signal.aborted)
      log.warn("a snapshot could not be delivered", { ...about, tookMs, why: failure.message });
    return failure === null;
  }

  close(): Promise<void> {
    for (const underWay of this.#underWay.values()) for (const { own } of underWay.values()) own.abort();
    for (const link of this.#links.values()) close(link);
    this.incoming.close();
    return Promise.resolve();
  }
}

function close({ link, client }: Link): void {
  link.close();
  client.close();
}

function wordsOf(why: RpcError | null) {
  if (why === null) return { status: status[status.OK], why: "the peer ended it" };
  return { status: status[why.code], why: why.details };
}

// When a fleet is recovered from a lost quorum, a node that was away finds a new cluster in place of its
// peers.
function mismatchWords(
  hello: RaftHello,
  wanted: { readonly clusterId: string; readonly peer: Peer },
): string {
  if (hello.clusterId !== wanted.clusterId) {
    return "a peer belongs to another cluster. If the fleet was recovered, add this node again with an empty data folder";
  }
  if (hello.nodeId !== wanted.peer.id) return "A peer has another node id than expected";
  return "a peer's build does not know the cluster version. The peer gets no entries until it runs a newer build";
}
