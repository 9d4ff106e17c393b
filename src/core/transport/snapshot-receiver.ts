// Snapshots that peers send here. What must stay true: before the first byte is kept, the sender is checked
// to be a member, and so is the header. It must be of this cluster, of a group that is here, of the replica
// that sends it, and within the limit of size. A snapshot is handed on only when all its bytes are durable,
// have the announced SHA-256 and can be restored. An interrupted snapshot is resumed; the old state is
// untouched until then.

import { type sendUnaryData, status } from "@grpc/grpc-js";
import { messageOf } from "../base/errors.ts";
import { type GroupId, groupId, logIndex, type NodeId, term } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message, StoredData } from "../raft/message.ts";
import type {
  SnapshotChunk,
  SnapshotHeader,
  SnapshotProgress,
  SnapshotReceipt,
} from "../wire/gen/fleet/v1/raft.ts";
import { RpcError, rpcError } from "../wire/rpc-error.ts";
import { confStateFromWire, snapshotMessage, type Untaken } from "./raft-codec.ts";
import type { IncomingSnapshot, SnapshotInbox } from "./snapshot-inbox.ts";

/** More than any state needs: a million rows are about 100 MB. */
const SNAPSHOT_BYTES_MAX = 16 * 1024 ** 3;
/** Kept free for the log, or a quarter of what is free, whichever is less. */
const RESERVE_BYTES = 64 * 1024 ** 2;
/** A sender that is silent for longer counts as gone; it resumes on another stream. */
const SILENT_MS_MAX = 60_000;
/** By then the data were either used for a snapshot or of no use. */
const RELEASE_AFTER_MS = 60_000;

const NOTHING = new Uint8Array();

/** A stream of a peer. */
export interface SnapshotCall extends AsyncIterable<SnapshotChunk> {
  /** Ends the stream for both sides. */
  destroy(error: Error): unknown;
}

/**
 * Reads a snapshot's bytes into a second state, to check that they can be restored. Throws when they can't.
 */
export interface SnapshotCheck {
  add(part: Uint8Array): void;
  finish(): void;
}

export interface SnapshotReceiverOptions {
  readonly self: { readonly id: NodeId };
  readonly clusterId: string;
  readonly inbox: SnapshotInbox;
  readonly gate: { refusal(peer: NodeId): RpcError | null };
  /** Why the group refuses a snapshot with this head; null if it does not, or is not here. */
  readonly judge: (group: GroupId, head: Message) => Untaken | null;
  /** Null: the group is not here. */
  readonly check: (group: GroupId, index: number) => SnapshotCheck | null;
  /** Called between two slices of a check. */
  readonly pause: () => Promise<unknown>;
  /**
   * Runs an action later and returns a function that cancels it. A seam: simulations have a time of their
   * own.
   */
  readonly after?: (ms: number, action: () => void) => () => void;
  readonly log: Log;
}

export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  /** The stream of each group whose bytes count: the newest one of a sender. */
  readonly #streams = new Map<GroupId, object>();
  /** The sender on each open stream. */
  readonly #senders = new Map<SnapshotCall, NodeId>();
  /** Number of checked bytes of the snapshots that are whole. */
  readonly #checked = new Map<GroupId, number>();
  /** The groups and senders whose snapshots did not fit, so that each is in the log once. */
  readonly #withoutRoom = new Set<string>();
  readonly #impostor: (speaker: NodeId, claimed: number) => RpcError;

  constructor(options: SnapshotReceiverOptions, impostor: (speaker: NodeId, claimed: number) => RpcError) {
    this.#options = options;
    this.#impostor = impostor;
  }

  /** How many bytes of that snapshot are here. Rejects with the RpcError of its refusal. */
  async offer(header: SnapshotHeader, speaker: NodeId | null): Promise<SnapshotProgress> {
    const refused = this.#refusal(header, speaker);
    if (refused !== null) throw refused;
    const checked = this.#checked.get(groupId(header.groupId));
    if (checked !== undefined) return { bytes: header.bytes, checked };
    try {
      const bytes = await this.#options.inbox.offer(idOf(header));
      await this.#requireRoom(header, bytes);
      return { bytes, checked: 0 };
    } catch (error) {
      throw error instanceof RpcError ? error : brokenOff(error);
    }
  }

  install(
    call: SnapshotCall,
    speaker: NodeId | null,
    receive: (group: GroupId, message: Message) => void,
    answer: sendUnaryData<SnapshotReceipt>,
  ): void {
    const refused = this.#gateRefusal(speaker);
    if (refused !== null) {
      answer(refused);
      return;
    }
    if (speaker !== null) this.#senders.set(call, speaker);
    this.#take(call, speaker, receive)
      .finally(() => this.#senders.delete(call))
      .then(
        (receipt) => answer(null, receipt),
        (error: unknown) => answer(error instanceof RpcError ? error : brokenOff(error)),
      );
  }

  /** Ends the streams of senders that are not accepted any more. */
  review(): void {
    for (const [call, speaker] of [...this.#senders]) {
      const refused = this.#gateRefusal(speaker);
      if (refused !== null) call.destroy(refused);
    }
  }

  #gateRefusal(speaker: NodeId | null): RpcError | null {
    return speaker === null ? null : this.#options.gate.refusal(speaker);
  }

  async #take(
    call: SnapshotCall,
    speaker: NodeId | null,
    receive: (group: GroupId, message: Message) => void,
  ): Promise<SnapshotReceipt> {
    const header = await this.#spool(call, speaker);
    const { inbox, log } = this.#options;
    const id = idOf(header);
    const data = await inbox.finish(id);
    if (data === null) throw rpcError(status.DATA_LOSS, "SNAPSHOT_DAMAGED", "the SHA-256 does not match");
    this.#after(RELEASE_AFTER_MS, () => void inbox.release(data));
    await this.#checkContent(id, data);
    const about = { group: id.group, from: header.from, index: header.index, bytes: header.bytes };
    log.debug?.("a snapshot was received", about);
    receive(id.group, snapshotMessage({ ...header, confState: id.confState, data }));
    return { bytes: header.bytes };
  }

  /** Until all bytes are spooled. */
  async #spool(call: SnapshotCall, speaker: NodeId | null): Promise<SnapshotHeader> {
    const { inbox } = this.#options;
    let header: SnapshotHeader | null = null;
    let received = 0;
    const watch = () => this.#after(SILENT_MS_MAX, () => call.destroy(new Error("the sender is silent")));
    let unwatch = watch();
    try {
      for await (const { part } of call) {
        unwatch();
        unwatch = watch();
        if (part?.$case === "header" && header === null) {
          header = part.value;
          const refused = this.#refusal(header, speaker);
          if (refused !== null) throw refused;
          received = await this.#begin(call, header);
        } else if (part?.$case === "data" && header !== null) {
          if (this.#streams.get(groupId(header.groupId)) !== call)
            throw new Error("a newer stream has taken over");
          received += part.value.length;
          await inbox.add(idOf(header), part.value);
        } else
          throw rpcError(
            status.INVALID_ARGUMENT,
            "SNAPSHOT_MALFORMED",
            "the header must come first, and only once",
          );
      }
    } finally {
      unwatch();
      if (header !== null && this.#streams.get(groupId(header.groupId)) === call)
        this.#streams.delete(groupId(header.groupId));
    }
    if (header === null) throw rpcError(status.INVALID_ARGUMENT, "SNAPSHOT_MALFORMED", "there is no header");
    if (received !== header.bytes) throw new Error(`${received} of ${header.bytes} bytes came`);
    return header;
  }

  #after(ms: number, action: () => void): () => void {
    return (this.#options.after ?? afterRealTime)(ms, action);
  }

  async #begin(call: SnapshotCall, header: SnapshotHeader): Promise<number> {
    const { inbox } = this.#options;
    if (this.#checked.has(groupId(header.groupId)))
      throw new Error("another snapshot of the group is being checked");
    this.#streams.set(groupId(header.groupId), call);
    const here = await inbox.offer(idOf(header));
    await this.#requireRoom(header, here);
    if (header.offset === here) return here;
    // A peer of an older version always sends all bytes.
    if (header.offset !== 0) throw new Error(`byte ${header.offset} came, and ${here} is next`);
    await inbox.restart(idOf(header));
    return 0;
  }

  /** A sender announces what it likes: a disk that is filled stops the writes of every group. */
  async #requireRoom({ bytes, from, groupId: group }: SnapshotHeader, here: number): Promise<void> {
    const free = await this.#options.inbox.freeBytes();
    const key = `${group} ${from}`;
    if (bytes - here <= free - Math.min(RESERVE_BYTES, free / 4)) {
      this.#withoutRoom.delete(key);
      return;
    }
    const message = `a snapshot of ${bytes} bytes does not fit: ${free} bytes of the disk are free`;
    if (!this.#withoutRoom.has(key)) {
      this.#options.log.warn("a peer's snapshot does not fit on this node's disk, and was refused", {
        ...{ group, from, bytes, here, freeBytes: free },
        next: "make room on the disk of the data folder. If the state is not that large, check which program runs as that node",
      });
    }
    this.#withoutRoom.add(key);
    throw rpcError(status.RESOURCE_EXHAUSTED, "NO_ROOM", message);
  }

  async #checkContent(id: IncomingSnapshot, data: StoredData): Promise<void> {
    const check = this.#options.check(id.group, id.index);
    if (check === null) throw this.#unknownGroup(id.group);
    this.#checked.set(id.group, 0);
    try {
      for await (const part of data.read(0)) {
        for (let at = 0; at < part.length; at += 64 * 1024) {
          check.add(part.subarray(at, at + 64 * 1024));
          await this.#options.pause();
        }
        this.#checked.set(id.group, (this.#checked.get(id.group) ?? 0) + part.length);
      }
      check.finish();
    } catch (error) {
      await this.#options.inbox.release(data);
      const why = messageOf(error);
      this.#options.log.warn("a peer sent a snapshot that can't be restored; the state is untouched", {
        ...{ group: id.group, index: id.index, why },
      });
      throw rpcError(status.DATA_LOSS, "SNAPSHOT_DAMAGED", why);
    } finally {
      this.#checked.delete(id.group);
    }
  }

  #refusal(header: SnapshotHeader, speaker: NodeId | null): RpcError | null {
    const { FAILED_PRECONDITION, INVALID_ARGUMENT } = status;
    const { clusterId, self, check, judge } = this.#options;
    const unwanted = this.#gateRefusal(speaker);
    if (unwanted !== null) return unwanted;
    if (header.clusterId !== clusterId)
      return rpcError(FAILED_PRECONDITION, "CLUSTER_MISMATCH", "the snapshot is another cluster's");
    if (header.to !== self.id)
      return rpcError(FAILED_PRECONDITION, "REPLICA_MISMATCH", "the snapshot is another replica's");
    if (speaker !== null && header.from !== speaker) return this.#impostor(speaker, header.from);
    if (header.bytes > SNAPSHOT_BYTES_MAX || header.sha256.length !== 32 || header.index < 1)
      return rpcError(INVALID_ARGUMENT, "SNAPSHOT_MALFORMED", "no snapshot has such a header");
    const group = groupId(header.groupId);
    const confState = confStateFromWire(header.confState);
    const unsound = judge(group, snapshotMessage({ ...header, confState, data: NOTHING }));
    if (unsound !== null) return rpcError(INVALID_ARGUMENT, "SNAPSHOT_MALFORMED", `its header is ${unsound}`);
    return check(group, header.index) === null ? this.#unknownGroup(group) : null;
  }

  #unknownGroup(group: GroupId): RpcError {
    return rpcError(status.FAILED_PRECONDITION, "GROUP_UNKNOWN", `group ${group} is not here`);
  }
}

function idOf(header: SnapshotHeader): IncomingSnapshot {
  return {
    group: groupId(header.groupId),
    index: logIndex(header.index),
    term: term(header.term),
    confState: confStateFromWire(header.confState),
    bytes: header.bytes,
    sha256: header.sha256,
  };
}

function brokenOff(error: unknown): RpcError {
  return rpcError(status.ABORTED, "SNAPSHOT_BROKEN_OFF", messageOf(error));
}

function afterRealTime(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms).unref();
  return () => clearTimeout(timer);
}
