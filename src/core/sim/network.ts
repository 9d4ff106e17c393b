// The virtual network. A message arrives late, twice, out of order, or never. A link can be cut in one direction or
// both, or clogged so that everything arrives in a burst. Raft has to live with all of it. What must stay true: without
// the noise called "reorder" a link keeps its order, as a stream does.

import { FLEET_GROUP, type GroupId, type NodeId } from "../base/ids.ts";
import type { DiskReport } from "../coordinator/leadership/slow-disk.ts";
import type { Message, Snapshot, StoredData } from "../raft/message.ts";
import { messageFromWire, messageToWire } from "../transport/raft-codec.ts";
import type { TransportEvents } from "../transport/transport.ts";
import { RaftMessage, type StateCheck } from "../wire/gen/fleet/v1/raft.ts";
import type { Chance } from "./chance.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SnapshotIntake } from "./snapshot-intake.ts";
import { type Journey, travel } from "./snapshot-journey.ts";
import type { Swarm } from "./swarm.ts";
import type { Trace } from "./trace.ts";

/** What arrives at a node; it ignores everything while it is down. */
export interface Port extends TransportEvents {
  heardDisk(peer: NodeId, report: DiskReport): void;
  heardCheck(peer: NodeId, check: StateCheck): void;
  /** Something of a snapshot that comes in parts. */
  takeIn(what: (intake: SnapshotIntake) => void): void;
  readonly isUp: boolean;
  /** Whether a stream of the peer's is refused. */
  refuses(peer: NodeId): boolean;
}

const CLOGGED_MESSAGES_MAX = 1_000;
const SNAPSHOT_TIMEOUT_MS = 1_000;
const NODES_MAX = 1_000;

type PartedSnapshot = Snapshot & { readonly data: StoredData };

interface Link {
  isCut: boolean;
  cloggedUntilMs: number;
  cloggedMessages: number;
  lastArrivalMs: number;
}

export class Network {
  readonly #queue: EventQueue;
  readonly #chance: Chance;
  readonly #swarm: Swarm;
  readonly #trace: Trace;
  readonly #ports = new Map<NodeId, Port>();
  readonly #links = new Map<number, Link>();
  /** No loss, no repetition, no new order from here on. */
  isQuiet = false;

  constructor(queue: EventQueue, chance: Chance, swarm: Swarm, trace: Trace) {
    this.#queue = queue;
    this.#chance = chance;
    this.#swarm = swarm;
    this.#trace = trace;
  }

  attach(node: NodeId, port: Port): void {
    this.#ports.set(node, port);
  }

  cut(from: NodeId, to: NodeId, isCut: boolean): void {
    this.#link(from, to).isCut = isCut;
  }

  clog(from: NodeId, to: NodeId, ms: number): void {
    const link = this.#link(from, to);
    link.cloggedUntilMs = this.#queue.nowMs + ms;
    link.cloggedMessages = 0;
  }

  healAll(): void {
    for (const link of this.#links.values()) {
      link.isCut = false;
      link.cloggedUntilMs = 0;
    }
  }

  send(group: GroupId, message: Message): void {
    const times = this.#has("duplicate") ? 2 : 1;
    for (let time = 0; time < times; time += 1) this.#carry(group, message);
  }

  /** An attacker has the certificate of the message's sender, and none of its state. */
  forge(message: Message): void {
    const { type, from, to, term, index } = message;
    this.#trace.note(`${from}→${to} a lie: ${type} t${term} i${index}`);
    this.#ports.get(to)?.receive(FLEET_GROUP, message);
  }

  /** What is no message of Raft's, in order with those: a sign of life, or that a group comes to a standstill. */
  deliver(from: NodeId, to: NodeId, what: (port: Port) => void): void {
    const link = this.#link(from, to);
    if (link.isCut || this.#has("loss")) return;
    this.#deliver(link, () => {
      const port = this.#ports.get(to);
      if (!link.isCut && port !== undefined) what(port);
    });
  }

  /** A stream opens each way: a peer that is dialed dials back at once. */
  greet(from: NodeId, to: NodeId): void {
    if (from === to) return;
    this.deliver(from, to, (port) => {
      port.opened(from);
      if (port.isUp) this.deliver(to, from, (back) => back.opened(to));
    });
  }

  /** A call and its answer's way, such as a client's: delivered or lost, unordered. */
  call(deliver: () => void): void {
    if (this.#has("loss")) return;
    this.#queue.after(this.#latency(), deliver);
  }

  /** As `call`, between two nodes. */
  callBetween(from: NodeId, to: NodeId, deliver: () => void): void {
    if (!this.#link(from, to).isCut) this.call(deliver);
  }

  /** The stream between the two ended; the other side notices soon. */
  disconnect(gone: NodeId, peer: NodeId): void {
    if (this.#link(gone, peer).isCut) return;
    this.#queue.after(this.#chance.ms(5, 17), () => this.#ports.get(peer)?.disconnected(gone));
  }

  #carry(group: GroupId, message: Message): void {
    const { from, to } = message;
    const link = this.#link(from, to);
    const isClogged = link.cloggedUntilMs > this.#queue.nowMs;
    if (isClogged) link.cloggedMessages += 1;
    const isLost =
      link.isCut || this.#has("loss") || (isClogged && link.cloggedMessages > CLOGGED_MESSAGES_MAX);
    if (isLost) {
      this.#lose(group, message);
      return;
    }
    if (message.type !== "MsgSnap") {
      this.#deliver(link, () => this.#arrive(group, message, link));
      return;
    }
    // On a stream of its own, and in no order with anything else.
    const journeyMs = this.#delay(link) + this.#chance.ms(0, this.#swarm.journeyMs);
    this.#queue.after(journeyMs, () => {
      const { snapshot } = message;
      if (snapshot === null || snapshot.data instanceof Uint8Array) this.#arrive(group, message, link);
      else this.#bringParts(group, message, link, { ...snapshot, data: snapshot.data });
    });
  }

  #bringParts(group: GroupId, message: Message, link: Link, snapshot: PartedSnapshot): void {
    const { from, to } = message;
    const journey: Journey = {
      ...{ group, message, snapshot, data: snapshot.data, queue: this.#queue },
      delayMs: () => (link.isCut ? null : this.#delay(link)),
      atReceiver: (what) => this.#ports.get(to)?.takeIn(what),
    };
    void travel(journey).then((ok) => this.#ports.get(from)?.snapshotDelivered(group, to, ok));
  }

  #delay({ cloggedUntilMs }: Link): number {
    return this.#latency() + Math.max(cloggedUntilMs - this.#queue.nowMs, 0);
  }

  #deliver(link: Link, arrive: () => void): void {
    let arrivalMs = this.#queue.nowMs + this.#delay(link);
    if (this.#has("reorder")) arrivalMs += this.#chance.ms(0, 20 * this.#swarm.latencyMs);
    else arrivalMs = Math.max(arrivalMs, link.lastArrivalMs);
    link.lastArrivalMs = Math.max(arrivalMs, link.lastArrivalMs);
    this.#queue.after(Math.max(arrivalMs - this.#queue.nowMs, 0), arrive);
  }

  #arrive(group: GroupId, message: Message, link: Link): void {
    const port = this.#ports.get(message.to);
    const isRefused = message.type === "MsgSnap" && (port?.isUp !== true || port.refuses(message.from));
    if (link.isCut || isRefused) {
      this.#lose(group, message);
      return;
    }
    const { type, from, to, term, index, entries } = message;
    this.#trace.note(
      `${group === FLEET_GROUP ? "" : `group ${group} `}${from}→${to} ${type} t${term} i${index}${entries.length > 0 ? `+${entries.length}` : ""}`,
    );
    this.#ports.get(to)?.receive(group, this.#swarm.isEncoded ? throughWire(message) : message);
    if (type !== "MsgSnap") return;
    this.#queue.after(this.#latency(), () => this.#ports.get(from)?.snapshotDelivered(group, to, true));
  }

  #lose(group: GroupId, { type, from, to }: Message): void {
    const sender = this.#ports.get(from);
    if (type === "MsgSnap") {
      const ms = this.#chance.ms(0, SNAPSHOT_TIMEOUT_MS);
      this.#queue.after(ms, () => sender?.snapshotDelivered(group, to, false));
    } else if (this.#chance.permille(200)) {
      this.#queue.after(this.#latency(), () => sender?.unreachable(to, group));
    }
  }

  #latency(): number {
    const { latencyMs } = this.#swarm;
    const isSlow = this.#has("delay");
    return this.#chance.ms(latencyMs / 2, isSlow ? 50 * latencyMs : 2 * latencyMs);
  }

  #has(noise: "loss" | "duplicate" | "reorder" | "delay"): boolean {
    return !this.isQuiet && this.#swarm.noises.has(noise) && this.#chance.permille(this.#swarm.badness);
  }

  #link(from: NodeId, to: NodeId): Link {
    const key = from * NODES_MAX + to;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = { isCut: false, cloggedUntilMs: 0, cloggedMessages: 0, lastArrivalMs: 0 };
    this.#links.set(key, link);
    return link;
  }
}

// Snapshots travel on a stream of their own.
function throughWire(message: Message): Message {
  if (message.type === "MsgSnap") return message;
  const read = messageFromWire(RaftMessage.decode(RaftMessage.encode(messageToWire(message)).finish()));
  if (typeof read === "string") throw new Error(`${message.type} does not survive its wire form`);
  return read;
}
