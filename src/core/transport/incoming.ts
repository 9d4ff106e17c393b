// What peers open here: streams of frames, and snapshots. The server that these are added to, and who may call them, is
// the coordinator's matter; so is Rejoin, which is a question to the leader and not a message of the log.
// What must stay true: a peer is believed only as the replica that its certificate names, and only of this cluster.

import { type ServerDuplexStream, type sendUnaryData, status } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import { FLEET_GROUP, type GroupId, groupId, logIndex, type NodeId, nodeId, term } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message } from "../raft/message.ts";
import type {
  DiskReport,
  GroupMessage,
  RaftFrame,
  RaftHello,
  RaftMessage,
  SnapshotHeader,
  SnapshotProgress,
  SnapshotReceipt,
  StateCheck,
} from "../wire/gen/fleet/v1/raft.ts";
import { type RpcError, rpcError } from "../wire/rpc-error.ts";
import { messageFromWire, type Untaken } from "./raft-codec.ts";
import { senderOf } from "./sender.ts";
import { type SnapshotCall, SnapshotReceiver, type SnapshotReceiverOptions } from "./snapshot-receiver.ts";
import { claimedBy } from "./speaker.ts";
import type { Announcement, Peer, TransportEvents } from "./transport.ts";

interface IncomingOptions extends SnapshotReceiverOptions {
  readonly self: Peer;
  readonly clusterId: string;
  /** Told every caller with the hello. */
  readonly announces: Announcement;
  readonly disk: { heard(peer: NodeId, report: DiskReport): void };
  readonly onStateCheck: (from: NodeId, check: StateCheck) => void;
  readonly log: Log;
  /** A peer sent what replicas do not send to each other. */
  readonly onDropped: (message: UntakenMessage) => void;
}

export interface UntakenMessage extends Pick<Message, "from" | "term" | "index"> {
  readonly group: GroupId;
  readonly reason: Untaken;
  readonly type: string;
}

type ExchangeCall = ServerDuplexStream<RaftFrame, RaftHello>;

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #snapshots: SnapshotReceiver;
  readonly #open = new Set<ExchangeCall>();
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

  /** `speaker` is who opened the stream, by its certificate; null = there are none, so anybody. */
  exchange(call: ExchangeCall, speaker: NodeId | null): void {
    const { clusterId, self, announces, log } = this.#options;
    this.#open.add(call);
    // A stream that has ended does not say any more who opened it.
    const about = log.debug && callerOf(call, speaker);
    log.debug?.("a peer has opened its stream", about);
    call.write({ clusterId, nodeId: self.id, ...announces });
    call.on("data", (frame: RaftFrame) => {
      // What was under way when the stream was refused.
      if (!this.#open.has(call)) return;
      const claimed = speaker === null ? null : claimedBy(frame, speaker);
      if (speaker === null || claimed === null) this.#onFrame(frame);
      else call.emit("error", this.#impostor(speaker, claimed));
    });
    const onEnd = () => {
      if (this.#open.delete(call)) log.debug?.("a peer's stream has ended", about);
    };
    call.on("end", () => {
      call.end();
      onEnd();
    });
    for (const event of ["error", "cancelled", "close"]) call.on(event, onEnd);
  }

  installSnapshot(call: SnapshotCall, speaker: NodeId | null, answer: sendUnaryData<SnapshotReceipt>): void {
    this.#snapshots.install(call, speaker, (group, message) => this.#events?.receive(group, message), answer);
  }

  offerSnapshot(
    header: SnapshotHeader,
    speaker: NodeId | null,
    answer: sendUnaryData<SnapshotProgress>,
  ): void {
    this.#snapshots.offer(header, speaker, answer);
  }

  close(): void {
    for (const call of this.#open) call.end();
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

  #onFrame(frame: RaftFrame): void {
    if (frame.clusterId !== this.#options.clusterId) return;
    // A peer of an older version does not say who it is.
    const from = nodeId(frame.from);
    if (from !== 0) this.#events?.heard(from);
    if (from !== 0 && frame.disk !== undefined) this.#options.disk.heard(from, frame.disk);
    for (const item of frame.messages) this.#onItem(from, item);
  }

  #onMessage(group: GroupId, wire: RaftMessage): void {
    const { self, onDropped } = this.#options;
    if (wire.to !== self.id) return;
    const message = messageFromWire(wire);
    if (typeof message !== "string") {
      this.#events?.receive(group, message);
      return;
    }
    const { type, from, term: at, index } = wire;
    onDropped({ group, reason: message, type, from: nodeId(from), term: term(at), index: logIndex(index) });
  }

  #onItem(from: NodeId, { groupId: group, message: wire, quiesce, stateCheck }: GroupMessage): void {
    if (wire !== undefined) this.#onMessage(groupId(group), wire);
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
