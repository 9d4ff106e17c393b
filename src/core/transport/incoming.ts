// The streams that peers open here: frames and snapshots. The coordinator owns the gRPC server and decides
// which certificates may call. It also handles Rejoin, which is a request to the leader, not a message of the
// log. What must stay true: a peer is believed only as the replica that its certificate names. It must be of this
// cluster, and the gate must admit it (ADR-0023).

import { type ServerDuplexStream, type sendUnaryData, status } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import { type GroupId, groupId, logIndex, type NodeId, nodeId, term } from "../base/ids.ts";
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

/** Which replicas take part, as far as this one knows. */
export interface Gate {
  /** Why the replica's messages are ignored; null if they are not. */
  refusal(peer: NodeId): RpcError | null;
  /** Called with the members that an accepted replica announces: its whole table. */
  learn(members: readonly KnownMember[], from: NodeId): void;
}

interface IncomingOptions extends SnapshotReceiverOptions {
  readonly gate: Gate;
  readonly self: Peer;
  readonly clusterId: string;
  /** Sent to every caller in the hello. */
  readonly announces: Announcement;
  readonly disk: { heard(peer: NodeId, report: DiskReport): void };
  readonly onStateCheck: (group: GroupId, from: NodeId, check: StateCheck) => void;
  readonly log: Log;
  /** A peer sent a message that replicas do not send to each other. */
  readonly onDropped: (message: UntakenMessage) => void;
  readonly faults?: LinkFaults;
}

export interface UntakenMessage extends Pick<Message, "from" | "term" | "index"> {
  readonly group: GroupId;
  readonly reason: Untaken;
  readonly type: string;
}

/** Log at most this many characters of a peer's name for a message type. */
const TYPE_CHARACTERS_MAX = 64;

type ExchangeCall = ServerDuplexStream<RaftFrame, RaftHello>;

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #snapshots: SnapshotReceiver;
  /** The replica that opened each stream. */
  readonly #open = new Map<ExchangeCall, NodeId | null>();
  /** Replicas that spoke as another one; logged once for each. */
  readonly #impostors = new Set<NodeId>();
  #events: TransportEvents | null = null;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#snapshots = new SnapshotReceiver(options, (speaker, claimed) => this.#impostor(speaker, claimed));
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  /**
   * `speaker` is the replica that opened the stream, by its certificate; null = no certificates are used, so
   * it may be any. False if the stream is refused.
   */
  exchange(call: ExchangeCall, speaker: NodeId | null): boolean {
    const { log } = this.#options;
    const refused = this.#refusal(speaker);
    if (refused !== null) {
      call.emit("error", refused);
      return false;
    }
    this.#open.set(call, speaker);
    // Noted now: an ended stream does not say any more which replica opened it.
    const about = log.debug && callerOf(call, speaker);
    log.debug?.("a peer has opened its stream", about);
    this.#greet(call);
    const late = new LateFrames();
    call.on("data", (frame: RaftFrame) => {
      // Frames that were being handled when the stream was refused.
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

  /** A caller of another cluster only learns that this is another cluster. */
  turnAway(call: ExchangeCall): void {
    this.#greet(call);
    call.end();
  }

  #greet(call: ExchangeCall): void {
    const { clusterId, self, announces } = this.#options;
    call.write({ clusterId, nodeId: self.id, etcdAddress: "", ...announces });
  }

  /** The members may have changed: closes the streams of replicas that are not accepted any more. */
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

  /** Delivers the frame at once, later or never, by the link's faults. */
  #arrive(frame: RaftFrame, late: LateFrames, take: () => void): void {
    const delayMs = this.#faults.incoming(nodeId(frame.from));
    if (delayMs !== null) late.later(delayMs, take);
  }

  get #faults(): LinkFaults {
    return this.#options.faults ?? soundLinks;
  }

  /** The refusal of a snapshot from a peer that a drill's partition cuts off; null = it is accepted. */
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
    // This replica opens no stream to itself: another process has its key.
    if (frame.clusterId !== clusterId || speaker === self.id) return;
    // Without certificates every caller is accepted anyway.
    if (speaker !== null && frame.members.length > 0) this.#options.gate.learn(frame.members, speaker);
    // A peer of an older version does not send its id.
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

  /** A forwarded message must be about a member. */
  #aboutUnknown({ from }: RaftMessage, speaker: NodeId | null): boolean {
    return speaker !== null && from !== speaker && this.#refusal(nodeId(from)) !== null;
  }

  #onItem(
    from: NodeId,
    speaker: NodeId | null,
    { groupId: group, message: wire, quiesce, stateCheck }: GroupMessage,
  ): void {
    if (wire !== undefined) this.#onMessage(groupId(group), wire, speaker);
    // A peer that does not send its id can't take part in checks of the state.
    if (stateCheck !== undefined && from !== 0) this.#options.onStateCheck(groupId(group), from, stateCheck);
    if (quiesce === undefined) return;
    const { term: atTerm, index } = quiesce;
    this.#events?.quiesced(from, { group: groupId(group), term: term(atTerm), index: logIndex(index) });
  }
}

function callerOf(call: ExchangeCall, speaker: NodeId | null) {
  const about = { peer: senderOf(call.metadata)?.peer.name ?? "", from: call.getPeer() };
  return speaker === null ? about : { ...about, speaker };
}
