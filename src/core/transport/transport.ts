// The port between replicas. Raft tolerates loss, delay, duplication and reordering, so sending never blocks,
// never fails and keeps bounded queues; what the core must learn of (a peer that can't be reached, a snapshot
// that arrived or didn't) comes back as events.

import type { GroupId, LogIndex, NodeId, Term } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";

export interface Peer {
  readonly id: NodeId;
  readonly name: string;
  /** host:port */
  readonly address: string;
}

/** What a replica's build tells its peers of itself (ADR-0015). */
export interface Announcement {
  /** The newest cluster version that it knows. */
  readonly knownVersion: number;
  /** Empty: a build that does not say. */
  readonly build: string;
}

/**
 * A leader's word to a follower that holds its whole log, all of it committed: it sends no more heartbeats of this
 * group until something happens. From then on the beat of its process stands for them (ADR-0008).
 */
export interface Quiesce {
  readonly group: GroupId;
  readonly term: Term;
  /** The log's last index. */
  readonly index: LogIndex;
}

export interface TransportEvents {
  receive(group: GroupId, message: Message): void;
  /** The peer's process lives: a beat or anything else came. */
  heard(peer: NodeId): void;
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
  /** Behind all messages to the peer that were sent before. */
  quiesce(peer: NodeId, quiesce: Quiesce): void;
  /** Once a tick: a sign of life to every peer that got no frame lately. */
  beat(): void;
  close(): Promise<void>;
}

/** A snapshot on its way to a peer, as that said last: `checkedBytes` count once all have arrived. */
export interface SnapshotTransfer {
  readonly index: LogIndex;
  readonly bytes: number;
  readonly arrivedBytes: number;
  readonly checkedBytes: number;
}
