// Measures how long a heartbeat to each peer takes until it is answered. It is done outside the transport,
// because the messages alone show it. Only a leader sends heartbeats, so only a leader knows.

import type { MonotonicMs } from "../base/clock.ts";
import { FLEET_GROUP, type GroupId, type NodeId } from "../base/ids.ts";
import type { Message } from "../raft/message.ts";
import type { Transport, TransportEvents } from "./transport.ts";

// An older measurement says nothing about the peer's present state.
const FRESH_MS = 10_000;

interface RoundTrip {
  readonly ms: number;
  readonly atMs: number;
}

export class RoundTrips {
  readonly #now: () => MonotonicMs;
  /** When the oldest unanswered heartbeat to the peer left. */
  readonly #sentMs = new Map<NodeId, number>();
  readonly #last = new Map<NodeId, RoundTrip>();

  /** `now` is in milliseconds since an arbitrary moment. */
  constructor(now: () => MonotonicMs = () => performance.now()) {
    this.#now = now;
  }

  /** The same transport, with the heartbeats of the fleet's own group timed. */
  around(transport: Transport): Transport {
    return {
      start: (events) => transport.start(this.#listening(events)),
      send: (group, message) => {
        this.#sent(group, message);
        transport.send(group, message);
      },
      isConnected: (peer) => transport.isConnected(peer),
      quiesce: (peer, quiesce) => transport.quiesce(peer, quiesce),
      beat: () => transport.beat(),
      close: () => transport.close(),
    };
  }

  /** Milliseconds of the last heartbeat; null when none was answered lately. */
  to(peer: NodeId): number | null {
    const last = this.#last.get(peer);
    return last !== undefined && this.#now() - last.atMs <= FRESH_MS ? last.ms : null;
  }

  #listening(events: TransportEvents): TransportEvents {
    return {
      ...events,
      receive: (group, message) => {
        this.#received(group, message);
        events.receive(group, message);
      },
      // An answer that comes over the next connection belongs to another heartbeat.
      unreachable: (peer, group) => {
        if (group === FLEET_GROUP) this.#sentMs.delete(peer);
        events.unreachable(peer, group);
      },
      disconnected: (peer) => {
        this.#sentMs.delete(peer);
        events.disconnected(peer);
      },
    };
  }

  #sent(group: GroupId, { type, to }: Message): void {
    if (type !== "MsgHeartbeat" || group !== FLEET_GROUP || this.#sentMs.has(to)) return;
    this.#sentMs.set(to, this.#now());
  }

  #received(group: GroupId, { type, from }: Message): void {
    if (type !== "MsgHeartbeatResp" || group !== FLEET_GROUP) return;
    const sentMs = this.#sentMs.get(from);
    if (sentMs === undefined) return;
    this.#sentMs.delete(from);
    const now = this.#now();
    this.#last.set(from, { ms: now - sentMs, atMs: now });
  }
}
