// The port between replicas. Raft tolerates loss, delay, duplication and reordering, so sending never blocks,
// never fails and keeps bounded queues. What the core must learn comes back as events: a peer can't be
// reached, a snapshot arrived or failed.

import type { GroupId, LogIndex, NodeId, Term } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";

export interface Peer {
  readonly id: NodeId;
  readonly name: string;
  /** host:port */
  readonly address: string;
}

/** What a replica's build announces to its peers (ADR-0015). */
export interface Announcement {
  /** The newest cluster version that it knows. */
  readonly knownVersion: number;
  /** Empty: the build does not say. */
  readonly build: string;
  /** host:port where it serves etcd's API; empty or absent = nowhere. */
  readonly etcdAddress?: string;
}

/**
 * A leader's message to a follower that holds its whole log, all of it committed. The leader then sends no
 * more heartbeats of this group until there is work. From then on the beat of its process replaces them
 * (ADR-0008).
 */
export interface Quiesce {
  readonly group: GroupId;
  readonly term: Term;
  /** The log's last index. */
  readonly index: LogIndex;
}

export interface TransportEvents {
  receive(group: GroupId, message: Message): void;
  /** The peer's process is alive: a beat or another frame arrived. */
  heard(peer: NodeId): void;
  /** The peer has opened its stream here: its process has started, or the one before broke. */
  opened(peer: NodeId): void;
  /** The stream to this peer has just opened. */
  connected(peer: NodeId): void;
  quiesced(peer: NodeId, quiesce: Quiesce): void;
  /** A message of this group to the peer was dropped. */
  unreachable(peer: NodeId, group: GroupId): void;
  /** The stream to this peer has just ended: its process probably died (seen within ~15 ms on a LAN). */
  disconnected(peer: NodeId): void;
  snapshotDelivered(group: GroupId, peer: NodeId, ok: boolean): void;
}

export interface Transport {
  start(events: TransportEvents): void;
  send(group: GroupId, message: Message): void;
  /** Whether a message to the peer would leave now. */
  isConnected(peer: NodeId): boolean;
  /** Sent after all earlier messages to the peer. */
  quiesce(peer: NodeId, quiesce: Quiesce): void;
  /** Once a tick: sends a sign of life to every peer that got no frame lately. */
  beat(): void;
  close(): Promise<void>;
}

/**
 * A snapshot that is being sent to a peer, by the peer's last report. `checkedBytes` rises once all bytes
 * have arrived.
 */
export interface SnapshotTransfer {
  readonly index: LogIndex;
  readonly bytes: number;
  readonly arrivedBytes: number;
  readonly checkedBytes: number;
}

/** What is announced by a replica, this one included; null while it is not connected. */
export type Announced = (replica: NodeId) => Announcement | null;
