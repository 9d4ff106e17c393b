// The port between replicas. Raft tolerates loss, delay, duplication and reordering, so sending never blocks,
// never fails and keeps bounded queues; what the core must learn of (a peer that can't be reached, a snapshot
// that arrived or didn't) comes back as events.

import type { GroupId, NodeId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";

export interface Peer {
  readonly id: NodeId;
  readonly name: string;
  /** host:port */
  readonly address: string;
}

export interface TransportEvents {
  receive(group: GroupId, message: Message): void;
  /** Messages to this peer are being dropped. */
  unreachable(peer: NodeId): void;
  /** The stream to this peer has just ended: its process probably died (seen within ~15 ms on a LAN). */
  disconnected(peer: NodeId): void;
  snapshotDelivered(group: GroupId, peer: NodeId, ok: boolean): void;
}

export interface Transport {
  start(events: TransportEvents): void;
  send(group: GroupId, message: Message): void;
  close(): Promise<void>;
}
