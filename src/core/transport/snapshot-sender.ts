// Sends a snapshot to a follower. It starts at the byte that the follower asks for, and opens a new stream
// whenever one breaks, as long as there is progress (ADR-0019). What must stay true: only the receiver's
// receipt counts as delivery. A peer of an older version can't say what it has, and gets all bytes at once.

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { present } from "../base/assert.ts";
import { systemClock, wallTimeOf } from "../base/clock.ts";
import type { GroupId } from "../base/ids.ts";
import type { Message, Snapshot } from "../raft/message.ts";
import type {
  RaftClient,
  SnapshotChunk,
  SnapshotHeader,
  SnapshotProgress,
} from "../wire/gen/fleet/v1/raft.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import { confStateToWire } from "./raft-codec.ts";
import type { RateLimit } from "./rate-limit.ts";

const CHUNK_BYTES = 64 * 1024;
const OFFER_DEADLINE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 500;
/** Statuses that another attempt does not change. */
const FINAL: ReadonlySet<number> = new Set([
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
  status.DATA_LOSS,
]);

/** How many of a snapshot's bytes are at the follower, and how many of them it has checked. */
export type Reached = Pick<SnapshotProgress, "bytes" | "checked">;

export interface Delivery {
  readonly client: RaftClient;
  readonly header: SnapshotHeader;
  readonly data: Snapshot["data"];
  readonly rate: RateLimit;
  /** After this long without progress the delivery fails. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** About once a second. */
  readonly onReached: (reached: Reached) => void;
}

export function headerOf(clusterId: string, group: GroupId, message: Message): SnapshotHeader {
  const { index, term, confState, data } = present(message.snapshot, "a MsgSnap carries a snapshot");
  const isHere = data instanceof Uint8Array;
  return {
    clusterId,
    groupId: group,
    from: message.from,
    to: message.to,
    messageTerm: message.term,
    index,
    term,
    confState: confStateToWire(confState),
    bytes: isHere ? data.length : data.bytes,
    sha256: isHere ? createHash("sha256").update(data).digest() : data.sha256,
    offset: 0,
  };
}

/** Null once the peer has the snapshot; otherwise why not. */
export async function deliverSnapshot(delivery: Delivery): Promise<Error | null> {
  const progress = new Progress(delivery);
  for (;;) {
    const offered = await offer(delivery);
    const isOlder = offered instanceof Error && offered.code === status.UNIMPLEMENTED;
    if (!(offered instanceof Error)) progress.note(offered);
    const failure = await sendFrom(delivery, offered, isOlder, progress);
    if (failure === null) return null;
    if (isOlder || isFinal(failure) || delivery.signal.aborted || progress.isStalled) return failure;
    await sleep(RETRY_MS, undefined, { signal: delivery.signal }).catch(() => undefined);
  }
}

function sendFrom(
  delivery: Delivery,
  offered: SnapshotProgress | ServiceError,
  isOlder: boolean,
  progress: Progress,
): Promise<ServiceError | null> {
  if (isOlder) return send(delivery, null, progress);
  return offered instanceof Error ? Promise.resolve(offered) : send(delivery, offered.bytes, progress);
}

function isFinal(failure: ServiceError): boolean {
  const { reason } = readRpcError(failure);
  return FINAL.has(failure.code) || reason === "CLUSTER_MISMATCH" || reason === "REPLICA_MISMATCH";
}

/** How long ago there was progress. Bytes that are sent again are not progress. */
class Progress {
  readonly #delivery: Pick<Delivery, "stallMs" | "onReached">;
  #furthest = -1;
  #movedMs = performance.now();

  constructor(delivery: Pick<Delivery, "stallMs" | "onReached">) {
    this.#delivery = delivery;
  }

  get isStalled(): boolean {
    return performance.now() - this.#movedMs >= this.#delivery.stallMs;
  }

  note({ bytes, checked }: Reached): void {
    this.#delivery.onReached({ bytes, checked });
    if (bytes + checked <= this.#furthest) return;
    this.#furthest = bytes + checked;
    this.#movedMs = performance.now();
  }
}

function offer({ client, header }: Delivery): Promise<SnapshotProgress | ServiceError> {
  return new Promise((resolve) => {
    const deadline = wallTimeOf(systemClock.monotonicMs() + OFFER_DEADLINE_MS);
    client.offerSnapshot(header, new Metadata(), { deadline }, (error, answer) => resolve(error ?? answer));
  });
}

/** `from` null: the peer can't say what it has. */
function send(delivery: Delivery, from: number | null, progress: Progress): Promise<ServiceError | null> {
  const { client, header, signal } = delivery;
  return new Promise((resolve) => {
    const stream = client.installSnapshot((error) => end(error));
    const cancel = () => stream.cancel();
    const look = setInterval(() => {
      if (progress.isStalled) cancel();
      else if (from !== null) void offer(delivery).then((seen) => noteSeen(seen, progress));
    }, LOOK_EVERY_MS);
    const end = (error: ServiceError | null) => {
      clearInterval(look);
      signal.removeEventListener("abort", cancel);
      resolve(error);
    };
    signal.addEventListener("abort", cancel, { once: true });
    stream.on("error", () => undefined);
    // If a file can't be read any more, the follower gets another snapshot. Sent bytes may never arrive: they
    // count as progress only for a peer that does not report any.
    const onSent = (bytes: number) => from === null && progress.note({ bytes, checked: 0 });
    writeAll(delivery, { ...header, offset: from ?? 0 }, stream, onSent).catch(cancel);
  });
}

function noteSeen(seen: SnapshotProgress | ServiceError, progress: Progress): void {
  if (!(seen instanceof Error)) progress.note(seen);
}

type Stream = ReturnType<RaftClient["installSnapshot"]>;

async function writeAll(
  { data, rate }: Delivery,
  header: SnapshotHeader,
  stream: Stream,
  onSent: (bytes: number) => void,
): Promise<void> {
  await write(stream, { part: { $case: "header", value: header } });
  let sent = header.offset;
  for await (const part of data instanceof Uint8Array ? [data.subarray(sent)] : data.read(sent)) {
    for (let at = 0; at < part.length; at += CHUNK_BYTES) {
      const value = part.subarray(at, at + CHUNK_BYTES);
      await rate.pass(value.length);
      await write(stream, { part: { $case: "data", value } });
      sent += value.length;
      onSent(sent);
    }
  }
  stream.end();
}

/**
 * Waits for the stream to drain: otherwise it would hold a copy of the whole snapshot while the receiver is
 * slow.
 */
function write(stream: Stream, chunk: SnapshotChunk): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.destroyed) reject(new Error("the stream has ended"));
    else if (stream.write(chunk)) resolve();
    else {
      const done = () => {
        stream.off("drain", done).off("close", done).off("error", done);
        if (stream.destroyed) reject(new Error("the stream has ended"));
        else resolve();
      };
      stream.on("drain", done).on("close", done).on("error", done);
    }
  });
}
