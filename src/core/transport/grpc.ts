// Transport over gRPC: a link to every peer (outgoing), and the handlers of the Raft service (incoming).
// The server that the handlers are added to, and who may call them, is the coordinator's matter.

import { type ChannelCredentials, type ChannelOptions, status } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import { type GroupId, groupId, type NodeId, nodeId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";
import { type DiskReport, RaftClient, type RaftFrame, type RaftServer } from "../wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../wire/rpc-error.ts";
import { PeerLink } from "./peer-link.ts";
import { messageFromWire } from "./raft-codec.ts";
import { receiveSnapshot, sendSnapshot } from "./snapshot-stream.ts";
import type { Peer, Transport, TransportEvents } from "./transport.ts";

export interface GrpcTransportOptions {
  readonly self: Peer;
  readonly clusterId: string;
  /** All replicas but this one, until `setPeers` says otherwise. */
  readonly peers: readonly Peer[];
  readonly credentialsFor: (address: string) => ChannelCredentials;
  readonly channelOptions: ChannelOptions;
  /** What peers are told of this replica's disk, with every frame, and what they tell. */
  readonly disk: { own(): DiskReport; heard(peer: NodeId, report: DiskReport): void };
  /** Told of facts that an operator should find in the log. */
  readonly warn: (fact: string, fields: Record<string, unknown>) => void;
}

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #links = new Map<NodeId, { readonly peer: Peer; readonly link: PeerLink }>();
  readonly #clients = new Map<NodeId, RaftClient>();
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
    const { credentialsFor, channelOptions, clusterId, self, warn } = this.#options;
    const client = new RaftClient(peer.address, credentialsFor(peer.address), channelOptions);
    this.#clients.set(peer.id, client);
    const link = new PeerLink(
      peer,
      client,
      { clusterId, peer: self },
      {
        disk: () => this.#options.disk.own(),
        unreachable: () => events.unreachable(peer.id),
        disconnected: () => events.disconnected(peer.id),
        mismatched: (hello) =>
          warn(mismatchWords(hello.clusterId !== clusterId), {
            ...{ peer: peer.name, address: peer.address, ownClusterId: clusterId, ...hello },
          }),
        refused: ({ reason, message }) =>
          warn("a peer refuses this replica", { peer: peer.name, address: peer.address, reason, message }),
      },
    );
    this.#links.set(peer.id, { peer, link });
  }

  send(group: GroupId, message: Message): void {
    if (message.type === "MsgSnap") this.#sendSnapshot(group, message);
    else this.#links.get(message.to)?.link.send(group, message);
  }

  #sendSnapshot(group: GroupId, message: Message): void {
    const client = this.#clients.get(message.to);
    if (client === undefined) return;
    void sendSnapshot(client, this.#options.clusterId, group, message).then((ok) => {
      this.#events?.snapshotDelivered(group, message.to, ok);
    });
  }

  close(): Promise<void> {
    for (const { link } of this.#links.values()) link.close();
    return Promise.resolve();
  }

  /** The incoming half, without Rejoin: that is a question to the leader, not a message of the log. */
  handlers(): Pick<RaftServer, "exchange" | "installSnapshot"> {
    return {
      exchange: (call) => {
        call.write({ clusterId: this.#options.clusterId, nodeId: this.#options.self.id });
        call.on("data", (frame: RaftFrame) => this.#onFrame(frame));
        call.on("end", () => call.end());
        call.on("error", () => undefined);
      },
      installSnapshot: (call, callback) => {
        receiveSnapshot(call).then(
          (received) => {
            if (!received.ok) {
              callback(rpcError(status.DATA_LOSS, "SNAPSHOT_DAMAGED", received.problem));
            } else if (received.header.clusterId !== this.#options.clusterId) {
              callback(
                rpcError(status.FAILED_PRECONDITION, "CLUSTER_MISMATCH", "the snapshot is another cluster's"),
              );
            } else if (received.message.to !== this.#options.self.id) {
              callback(
                rpcError(status.FAILED_PRECONDITION, "REPLICA_MISMATCH", "the snapshot is another replica's"),
              );
            } else {
              this.#events?.receive(received.group, received.message);
              callback(null, { bytes: received.header.bytes });
            }
          },
          (error: Error) => callback(rpcError(status.ABORTED, "SNAPSHOT_BROKEN_OFF", error.message)),
        );
      },
    };
  }

  #onFrame(frame: RaftFrame): void {
    if (frame.clusterId !== this.#options.clusterId) return;
    const sender = frame.messages[0]?.message?.from;
    if (frame.disk !== undefined && sender !== undefined) {
      this.#options.disk.heard(nodeId(sender), frame.disk);
    }
    for (const item of frame.messages) {
      const message = item.message && messageFromWire(item.message);
      if (message && message.to === this.#options.self.id)
        this.#events?.receive(groupId(item.groupId), message);
    }
  }
}

// Who was not there when a quorum was lost finds a new cluster in the place of its peers.
function mismatchWords(isOtherCluster: boolean): string {
  return isOtherCluster
    ? "a peer is of another cluster, which this replica can't join: if the fleet was recovered as a new one, add this node to it with an empty data folder"
    : "a peer is another node than it should be";
}
