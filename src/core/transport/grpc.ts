// Transport over gRPC: a link to every peer (outgoing), and the handlers of the Raft service (incoming).
// The server that the handlers are added to, and who may call them, is the coordinator's matter.

import {
  type ChannelCredentials,
  type ChannelOptions,
  type ServerDuplexStream,
  type ServerReadableStream,
  type StatusObject,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { assert, present } from "../base/assert.ts";
import { type GroupId, groupId, logIndex, type NodeId, nodeId, term } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message } from "../raft/message.ts";
import {
  type DiskReport,
  type GroupMessage,
  RaftClient,
  type RaftFrame,
  type RaftHello,
  type SnapshotChunk,
  type SnapshotReceipt,
} from "../wire/gen/fleet/v1/raft.ts";
import { type RpcError, rpcError } from "../wire/rpc-error.ts";
import { PeerLink, type SentCounts } from "./peer-link.ts";
import { messageFromWire } from "./raft-codec.ts";
import { senderOf } from "./sender.ts";
import { CHUNK_BYTES, type Received, receiveSnapshot, sendSnapshot } from "./snapshot-stream.ts";
import { claimedBy } from "./speaker.ts";
import type { Peer, Quiesce, Transport, TransportEvents } from "./transport.ts";

// A snapshot's bytes are held while it travels; a group whose turn it is not is told so, and tries again.
const SNAPSHOTS_PER_PEER_MAX = 2;

export interface GrpcTransportOptions {
  readonly self: Peer;
  readonly clusterId: string;
  /** All replicas but this one, until `setPeers` says otherwise. */
  readonly peers: readonly Peer[];
  readonly credentialsFor: (address: string) => ChannelCredentials;
  readonly channelOptions: ChannelOptions;
  /** What peers are told of this replica's disk, with every frame, and what they tell. */
  readonly disk: { own(): DiskReport; heard(peer: NodeId, report: DiskReport): void };
  readonly log: Log;
}

type ExchangeCall = ServerDuplexStream<RaftFrame, RaftHello>;
type SnapshotCall = ServerReadableStream<SnapshotChunk, SnapshotReceipt>;

/** What peers open here. `speaker` is who they are by their certificate; null = there are none, so anybody. */
interface IncomingStreams {
  exchange(call: ExchangeCall, speaker: NodeId | null): void;
  installSnapshot(call: SnapshotCall, speaker: NodeId | null, answer: sendUnaryData<SnapshotReceipt>): void;
}

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #links = new Map<NodeId, { readonly peer: Peer; readonly link: PeerLink }>();
  readonly #clients = new Map<NodeId, RaftClient>();
  readonly #snapshotsUnderWay = new Map<NodeId, number>();
  readonly #incoming = new Set<ExchangeCall>();
  /** Who spoke as another; told once of each. */
  readonly #impostors = new Set<NodeId>();
  /** Since this process started. */
  readonly sent: SentCounts = { messages: 0, frames: 0 };
  #events: TransportEvents | null = null;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
  }

  start(events: TransportEvents): void {
    assert(this.#events === null, "a transport starts once");
    this.#events = events;
    this.setPeers(this.#options.peers);
  }

  /** From now on exactly these are connected; who stays keeps its stream. */
  setPeers(peers: readonly Peer[]): void {
    const events = this.#events;
    assert(events !== null, "a transport that has started has peers");
    const addresses = new Map(peers.map((peer) => [peer.id, peer.address]));
    for (const [id, { peer, link }] of this.#links) {
      if (addresses.get(id) === peer.address) continue;
      link.close();
      this.#links.delete(id);
      this.#clients.delete(id);
    }
    for (const peer of peers) if (!this.#links.has(peer.id)) this.#connect(peer, events);
  }

  isConnected(peer: NodeId): boolean {
    return this.#links.get(peer)?.link.isConnected ?? false;
  }

  #connect(peer: Peer, events: TransportEvents): void {
    const { credentialsFor, channelOptions, self, clusterId, log } = this.#options;
    const client = new RaftClient(peer.address, credentialsFor(peer.address), channelOptions);
    this.#clients.set(peer.id, client);
    const dialer = { self, clusterId, sent: this.sent };
    const about = { peer: peer.name, address: peer.address };
    const link = new PeerLink(peer, client, dialer, {
      disk: () => this.#options.disk.own(),
      unreachable: (group) => events.unreachable(peer.id, group),
      opened: () => log.debug?.("the stream to a peer is open", about),
      failed: (why) => log.debug?.("the stream to a peer can't be opened", { ...about, ...wordsOf(why) }),
      disconnected: (why) => {
        log.debug?.("the stream to a peer was lost", { ...about, ...wordsOf(why) });
        events.disconnected(peer.id);
      },
      mismatched: (hello) =>
        log.warn(mismatchWords(hello.clusterId !== clusterId), {
          ...about,
          ...{ ownClusterId: clusterId, ...hello },
        }),
      refused: ({ reason, message }) =>
        log.warn("a peer refuses this replica", { ...about, reason, message }),
    });
    this.#links.set(peer.id, { peer, link });
  }

  send(group: GroupId, message: Message): void {
    if (message.type === "MsgSnap") this.#sendSnapshot(group, message);
    else this.#links.get(message.to)?.link.send(group, message);
  }

  quiesce(peer: NodeId, quiesce: Quiesce): void {
    this.#links.get(peer)?.link.quiesce(quiesce);
  }

  beat(): void {
    for (const { link } of this.#links.values()) link.beat();
  }

  #sendSnapshot(group: GroupId, message: Message): void {
    const client = this.#clients.get(message.to);
    if (client === undefined) return;
    void this.#deliverSnapshot(client, group, message).then((ok) => {
      this.#events?.snapshotDelivered(group, message.to, ok);
    });
  }

  async #deliverSnapshot(client: RaftClient, group: GroupId, message: Message): Promise<boolean> {
    const underWay = this.#snapshotsUnderWay.get(message.to) ?? 0;
    if (underWay >= SNAPSHOTS_PER_PEER_MAX) return false;
    this.#snapshotsUnderWay.set(message.to, underWay + 1);
    const startMs = performance.now();
    const failure = await sendSnapshot(client, this.#options.clusterId, group, message);
    this.#snapshotsUnderWay.set(message.to, (this.#snapshotsUnderWay.get(message.to) ?? 1) - 1);
    this.#options.log.debug?.("a snapshot was sent in parts", {
      ...{ group, to: message.to, ...sizeOf(message) },
      ...{ delivered: failure === null, failure: failure?.message },
      tookMs: Math.round(performance.now() - startMs),
    });
    return failure === null;
  }

  close(): Promise<void> {
    for (const { link } of this.#links.values()) link.close();
    for (const call of this.#incoming) call.end();
    return Promise.resolve();
  }

  /** The incoming half, without Rejoin: that is a question to the leader, not a message of the log. */
  handlers(): IncomingStreams {
    return {
      exchange: (call, speaker) => this.#exchange(call, speaker),
      installSnapshot: (call, speaker, answer) => {
        receiveSnapshot(call).then(
          (received) => this.#onSnapshot(received, speaker, answer),
          (error: Error) => answer(rpcError(status.ABORTED, "SNAPSHOT_BROKEN_OFF", error.message)),
        );
      },
    };
  }

  #exchange(call: ExchangeCall, speaker: NodeId | null): void {
    const { clusterId, self, log } = this.#options;
    this.#incoming.add(call);
    // A stream that has ended does not say any more who opened it.
    const about = log.debug && callerOf(call, speaker);
    log.debug?.("a peer has opened its stream", about);
    call.write({ clusterId, nodeId: self.id });
    call.on("data", (frame: RaftFrame) => {
      // What was under way when the stream was refused.
      if (!this.#incoming.has(call)) return;
      const claimed = speaker === null ? null : claimedBy(frame, speaker);
      if (speaker === null || claimed === null) this.#onFrame(frame);
      else call.emit("error", this.#impostor(speaker, claimed));
    });
    const onEnd = () => {
      if (this.#incoming.delete(call)) log.debug?.("a peer's stream has ended", about);
    };
    call.on("end", () => {
      call.end();
      onEnd();
    });
    for (const event of ["error", "cancelled", "close"]) call.on(event, onEnd);
  }

  #onSnapshot(received: Received, speaker: NodeId | null, answer: sendUnaryData<SnapshotReceipt>): void {
    const { clusterId, self, log } = this.#options;
    const { FAILED_PRECONDITION, DATA_LOSS } = status;
    if (!received.ok) {
      answer(rpcError(DATA_LOSS, "SNAPSHOT_DAMAGED", received.problem));
    } else if (received.header.clusterId !== clusterId) {
      answer(rpcError(FAILED_PRECONDITION, "CLUSTER_MISMATCH", "the snapshot is another cluster's"));
    } else if (received.message.to !== self.id) {
      answer(rpcError(FAILED_PRECONDITION, "REPLICA_MISMATCH", "the snapshot is another replica's"));
    } else if (speaker !== null && received.message.from !== speaker) {
      answer(this.#impostor(speaker, received.message.from));
    } else {
      const { group, message } = received;
      log.debug?.("a snapshot has come", { group, from: message.from, ...sizeOf(message) });
      this.#events?.receive(group, message);
      answer(null, { bytes: received.header.bytes });
    }
  }

  #impostor(speaker: NodeId, claimed: number): RpcError {
    assert(speaker !== claimed, "who speaks as itself is no impostor");
    if (!this.#impostors.has(speaker)) {
      this.#options.log.warn("a replica speaks as another, and its stream is refused", { speaker, claimed });
    }
    this.#impostors.add(speaker);
    const message = `by its certificate this is replica ${speaker}, which may not speak as replica ${claimed}`;
    return rpcError(status.PERMISSION_DENIED, "NOT_THIS_REPLICA", message);
  }

  #onFrame(frame: RaftFrame): void {
    if (frame.clusterId !== this.#options.clusterId) return;
    // A peer of an older version does not say who it is.
    const from = nodeId(frame.from);
    if (from !== 0) this.#events?.heard(from);
    if (from !== 0 && frame.disk !== undefined) this.#options.disk.heard(from, frame.disk);
    for (const item of frame.messages) this.#onItem(from, item);
  }

  #onItem(from: NodeId, { groupId: group, message: wire, quiesce }: GroupMessage): void {
    const message = wire && messageFromWire(wire);
    if (message && message.to === this.#options.self.id) this.#events?.receive(groupId(group), message);
    if (quiesce === undefined) return;
    const { term: atTerm, index } = quiesce;
    this.#events?.quiesced(from, { group: groupId(group), term: term(atTerm), index: logIndex(index) });
  }
}

function wordsOf({ code, details }: StatusObject) {
  return { status: status[code], why: code === status.OK ? "the peer has ended it" : details };
}

function callerOf(call: ExchangeCall, speaker: NodeId | null) {
  const about = { peer: senderOf(call.metadata)?.peer.name ?? "", from: call.getPeer() };
  return speaker === null ? about : { ...about, speaker };
}

function sizeOf(message: Message) {
  const { index, data } = present(message.snapshot, "a MsgSnap carries a snapshot");
  return { index, bytes: data.length, parts: Math.ceil(data.length / CHUNK_BYTES) };
}

// Who was not there when a quorum was lost finds a new cluster in the place of its peers.
function mismatchWords(isOtherCluster: boolean): string {
  return isOtherCluster
    ? "a peer is of another cluster, which this replica can't join: if the fleet was recovered as a new one, add this node to it with an empty data folder"
    : "a peer is another node than it should be";
}
