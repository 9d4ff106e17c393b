// Transport between replicas of one process, for tests: messages arrive in a later turn of the event loop,
// unless the link is cut.

import type { GroupId, NodeId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";
import type { Quiesce, Transport, TransportEvents } from "./transport.ts";

/** The links between the loopback transports of one test. */
export class LoopbackNetwork {
  /** Delivers a snapshot to its receiver: in the next turn, unless a test delays it. */
  carrySnapshot: (deliver: () => void) => void = setImmediate;
  readonly #attached = new Map<NodeId, TransportEvents>();
  readonly #isolated = new Set<NodeId>();

  transport(self: NodeId): Transport {
    return {
      start: (events) => {
        this.#attached.set(self, events);
        for (const [peer, other] of this.#attached) {
          if (peer === self) continue;
          setImmediate(() => {
            other.connected(self);
            events.connected(peer);
          });
        }
      },
      send: (group, message) => this.#carry(self, group, message),
      isConnected: (peer) => this.#attached.has(peer) && !this.#isCut(self, peer),
      quiesce: (peer, quiesce) => this.#carryQuiesce(self, peer, quiesce),
      beat: () => this.#beat(self),
      close: () => {
        this.#attached.delete(self);
        for (const events of this.#attached.values()) events.disconnected(self);
        return Promise.resolve();
      },
    };
  }

  isolate(node: NodeId): void {
    this.#isolated.add(node);
  }

  heal(): void {
    this.#isolated.clear();
  }

  #carry(self: NodeId, group: GroupId, message: Message): void {
    const carry = message.type === "MsgSnap" ? this.carrySnapshot : setImmediate;
    carry(() => {
      const target = this.#attached.get(message.to);
      const cut = this.#isCut(self, message.to);
      if (target !== undefined && !cut) target.receive(group, message);
      if (message.type === "MsgSnap") {
        this.#attached.get(self)?.snapshotDelivered(group, message.to, target !== undefined && !cut);
      } else if (target === undefined || cut) {
        this.#attached.get(self)?.unreachable(message.to, group);
      }
    });
  }

  #carryQuiesce(self: NodeId, peer: NodeId, quiesce: Quiesce): void {
    setImmediate(() => {
      if (!this.#isCut(self, peer)) this.#attached.get(peer)?.quiesced(self, quiesce);
    });
  }

  #beat(self: NodeId): void {
    setImmediate(() => {
      for (const [peer, events] of this.#attached) {
        if (peer !== self && !this.#isCut(self, peer)) events.heard(self);
      }
    });
  }

  #isCut(self: NodeId, peer: NodeId): boolean {
    return this.#isolated.has(self) || this.#isolated.has(peer);
  }
}
