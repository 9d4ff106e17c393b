// What peers open here: streams of frames, and snapshots. The server that these are added to, and who may call them, is
// the coordinator's matter; so is Rejoin, which is a question to the leader and not a message of the log.
// What must stay true: a peer is believed only as the replica that its certificate names, only of this cluster, and only
// while the gate lets it in (ADR-0023).

import { type ServerDuplexStream, type sendUnaryData, status } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import { FLEET_GROUP, type GroupId, groupId, logIndex, type NodeId, nodeId, term } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message } from "../raft/message.ts";
import type {
  DiskReport,
  GroupMessage,
  KnownMember,
  RaftFrame,
  RaftHello,
  RaftMessage,
  SnapshotHeader,
  SnapshotProgress,
  SnapshotReceipt,
  StateCheck,
} from "../wire/gen/fleet/v1/raft.ts";
import { type RpcError, rpcError } from "../wire/rpc-error.ts";
import { LateFrames, type LinkFaults, soundLinks } from "./link-faults.ts";
import { messageFromWire, type Untaken } from "./raft-codec.ts";
import { senderOf } from "./sender.ts";
import { type SnapshotCall, SnapshotReceiver, type SnapshotReceiverOptions } from "./snapshot-receiver.ts";
import { claimedBy } from "./speaker.ts";
import type { Announcement, Peer, TransportEvents } from "./transport.ts";

/** Who takes part, as far as this replica knows. */
export interface Gate {
  /** Why the replica is not heard here; null if it is. */
  refusal(peer: NodeId): RpcError | null;
  /** What a replica that is heard says of all members. */
  learn(members: readonly KnownMember[]): void;
}

interface IncomingOptions extends SnapshotReceiverOptions {
  readonly gate: Gate;
  readonly self: Peer;
  readonly clusterId: string;
  /** Told every caller with the hello. */
  readonly announces: Announcement;
  readonly disk: { heard(peer: NodeId, report: DiskReport): void };
  readonly onStateCheck: (from: NodeId, check: StateCheck) => void;
  readonly log: Log;
  /** A peer sent what replicas do not send to each other. */
  readonly onDropped: (message: UntakenMessage) => void;
  readonly faults?: LinkFaults;
}

export interface UntakenMessage extends Pick<Message, "from" | "term" | "index"> {
  readonly group: GroupId;
  readonly reason: Untaken;
  readonly type: string;
}

/** Of what a peer calls a type of messages, so much is logged. */
const TYPE_CHARACTERS_MAX = 64;

type ExchangeCall = ServerDuplexStream<RaftFrame, RaftHello>;

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #snapshots: SnapshotReceiver;
  /** By whom each was opened. */
  readonly #open = new Map<ExchangeCall, NodeId | null>();
  /** Who spoke as another; told once of each. */
  readonly #impostors = new Set<NodeId>();
  #events: TransportEvents | null = null;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#snapshots = new SnapshotReceiver(options, (speaker, claimed) => this.#impostor(speaker, claimed));
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  /** `speaker` is who opened the stream, by its certificate; null = there are none, so anybody. False if it is refused. */
  exchange(call: ExchangeCall, speaker: NodeId | null): boolean {
    const { log } = this.#options;
    const refused = this.#refusal(speaker);
    if (refused !== null) {
      call.emit("error", refused);
      return false;
    }
    this.#open.set(call, speaker);
    // A stream that has ended does not say any more who opened it.
    const about = log.debug && callerOf(call, speaker);
    log.debug?.("a peer has opened its stream", about);
    this.#greet(call);
    const late = new LateFrames();
    call.on("data", (frame: RaftFrame) => {
      // What was under way when the stream was refused.
      if (!this.#open.has(call)) return;
      const unwanted = this.#refusal(speaker) ?? this.#pretence(frame, speaker);
      if (unwanted !== null) call.emit("error", unwanted);
      else this.#arrive(frame, late, () => this.#open.has(call) && this.#onFrame(frame, speaker));
    });
    const onEnd = () => {
      if (this.#open.delete(call)) log.debug?.("a peer's stream has ended", about);
    };
    call.on("end", () => {
      call.end();
      onEnd();
    });
    for (const event of ["error", "cancelled", "close"]) call.on(event, onEnd);
    return true;
  }

  /** A caller of another cluster learns that it is, and nothing else. */
  turnAway(call: ExchangeCall): void {
    this.#greet(call);
    call.end();
  }

  #greet(call: ExchangeCall): void {
    const { clusterId, self, announces } = this.#options;
    call.write({ clusterId, nodeId: self.id, ...announces });
  }

  /** Who takes part may have changed: cuts what a replica has open that is not heard any more. */
  review(): void {
    for (const [call, speaker] of [...this.#open]) {
      const refused = this.#refusal(speaker);
      if (refused !== null) call.emit("error", refused);
    }
    this.#snapshots.review();
  }

  installSnapshot(call: SnapshotCall, speaker: NodeId | null, answer: sendUnaryData<SnapshotReceipt>): void {
    const cutOff = this.#cutOff(speaker);
    if (cutOff !== null) {
      answer(cutOff);
      return;
    }
    this.#snapshots.install(call, speaker, (group, message) => this.#events?.receive(group, message), answer);
  }

  /** Rejects with the RpcError of its refusal. */
  offerSnapshot(header: SnapshotHeader, speaker: NodeId | null): Promise<SnapshotProgress> {
    const cutOff = this.#cutOff(speaker);
    if (cutOff !== null) return Promise.reject(cutOff);
    return this.#snapshots.offer(header, speaker);
  }

  close(): void {
    for (const call of this.#open.keys()) call.end();
  }

  /** At once, later or never, as the link's faults want. */
  #arrive(frame: RaftFrame, late: LateFrames, take: () => void): void {
    const delayMs = this.#faults.incoming(nodeId(frame.from));
    if (delayMs !== null) late.later(delayMs, take);
  }

  get #faults(): LinkFaults {
    return this.#options.faults ?? soundLinks;
  }

  /** A snapshot from a peer that a drill's partition cuts off; null = it may come. */
  #cutOff(speaker: NodeId | null): RpcError | null {
    if (speaker === null || this.#faults.incoming(speaker) !== null) return null;
    return rpcError(status.UNAVAILABLE, "CUT_OFF", "a drill's fault cuts this replica off from its peer");
  }

  #refusal(speaker: NodeId | null): RpcError | null {
    return speaker === null ? null : this.#options.gate.refusal(speaker);
  }

  #pretence(frame: RaftFrame, speaker: NodeId | null): RpcError | null {
    const claimed = speaker === null ? null : claimedBy(frame, speaker);
    return speaker === null || claimed === null ? null : this.#impostor(speaker, claimed);
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

  #onFrame(frame: RaftFrame, speaker: NodeId | null): void {
    const { clusterId, self } = this.#options;
    // This replica opens no stream to itself: somebody has its key.
    if (frame.clusterId !== clusterId || speaker === self.id) return;
    // Without certificates everybody is heard anyway.
    if (speaker !== null && frame.members.length > 0) this.#options.gate.learn(frame.members);
    // A peer of an older version does not say who it is.
    const from = nodeId(frame.from);
    if (from !== 0) this.#events?.heard(from);
    if (from !== 0 && frame.disk !== undefined) this.#options.disk.heard(from, frame.disk);
    for (const item of frame.messages) this.#onItem(from, speaker, item);
  }

  #onMessage(group: GroupId, wire: RaftMessage, speaker: NodeId | null): void {
    const { self, onDropped } = this.#options;
    if (wire.to !== self.id) return;
    const message = this.#aboutUnknown(wire, speaker) ? "malformed" : messageFromWire(wire);
    if (typeof message !== "string") {
      this.#events?.receive(group, message);
      return;
    }
    const from = speaker ?? nodeId(wire.from);
    const type = wire.type.slice(0, TYPE_CHARACTERS_MAX);
    onDropped({ group, reason: message, type, from, term: term(wire.term), index: logIndex(wire.index) });
  }

  /** What a member passes on is about a member. */
  #aboutUnknown({ from }: RaftMessage, speaker: NodeId | null): boolean {
    return speaker !== null && from !== speaker && this.#refusal(nodeId(from)) !== null;
  }

  #onItem(
    from: NodeId,
    speaker: NodeId | null,
    { groupId: group, message: wire, quiesce, stateCheck }: GroupMessage,
  ): void {
    if (wire !== undefined) this.#onMessage(groupId(group), wire, speaker);
    // A peer that does not say who it is has no say in what is right.
    if (stateCheck !== undefined && from !== 0 && group === FLEET_GROUP)
      this.#options.onStateCheck(from, stateCheck);
    if (quiesce === undefined) return;
    const { term: atTerm, index } = quiesce;
    this.#events?.quiesced(from, { group: groupId(group), term: term(atTerm), index: logIndex(index) });
  }
}

function callerOf(call: ExchangeCall, speaker: NodeId | null) {
  const about = { peer: senderOf(call.metadata)?.peer.name ?? "", from: call.getPeer() };
  return speaker === null ? about : { ...about, speaker };
}
