// Transport between replicas of one process, for tests: messages arrive in a later turn, unless the link is cut.

import type { GroupId, NodeId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** The wires between the loopback transports of one test. */
export class LoopbackNetwork {
  readonly #attached = new Map<NodeId, TransportEvents>();
  readonly #isolated = new Set<NodeId>();

  transport(self: NodeId): Transport {
    return {
      start: (events) => {
        this.#attached.set(self, events);
      },
      send: (group, message) => this.#carry(self, group, message),
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
    setImmediate(() => {
      const target = this.#attached.get(message.to);
      const cut = this.#isolated.has(self) || this.#isolated.has(message.to);
      if (target !== undefined && !cut) target.receive(group, message);
      if (message.type === "MsgSnap") {
        this.#attached.get(self)?.snapshotDelivered(group, message.to, target !== undefined && !cut);
      } else if (target === undefined || cut) {
        this.#attached.get(self)?.unreachable(message.to);
      }
    });
  }
}
