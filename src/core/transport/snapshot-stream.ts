// A snapshot's journey on a stream of its own: header, chunks, receipt. The receiver hands the message on only
// when every byte is there and the SHA-256 is right, so a broken journey leaves the old state untouched.

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ServerReadableStream } from "@grpc/grpc-js";
import { present } from "../base/assert.ts";
import { systemClock, wallTimeOf } from "../base/clock.ts";
import { type GroupId, groupId } from "../base/ids.ts";
import type { Message, Snapshot } from "../raft/message.ts";
import type {
  RaftClient,
  SnapshotChunk,
  SnapshotHeader,
  SnapshotReceipt,
} from "../wire/gen/fleet/v1/raft.ts";
import { confStateFromWire, confStateToWire, snapshotMessage } from "./raft-codec.ts";

const CHUNK_BYTES = 256 * 1024;
const DEADLINE_MS = 120_000;

/** Sends a MsgSnap; resolves to null once the peer has it whole, and otherwise to why not. */
export function sendSnapshot(
  client: RaftClient,
  clusterId: string,
  group: GroupId,
  message: Message,
): Promise<Error | null> {
  const snapshot = present(message.snapshot, "a MsgSnap carries a snapshot");
  const header: SnapshotHeader = {
    clusterId,
    groupId: group,
    from: message.from,
    to: message.to,
    messageTerm: message.term,
    index: snapshot.index,
    term: snapshot.term,
    confState: confStateToWire(snapshot.confState),
    bytes: bytesIn(snapshot.data),
    sha256: sha256Of(snapshot.data),
  };
  return new Promise((resolve) => {
    const options = { deadline: wallTimeOf(systemClock.monotonicMs() + DEADLINE_MS) };
    const stream = client.installSnapshot(options, (error) => resolve(error));
    // Written all at once, the stream would hold a copy of the whole snapshot for as long as the receiver is slow.
    const source = Readable.from(parts(header, snapshot.data));
    source.on("data", (part: SnapshotChunk) => {
      if (!stream.write(part)) source.pause();
    });
    source.on("end", () => stream.end());
    stream.on("drain", () => source.resume());
    stream.on("error", () => source.destroy());
  });
}

async function* parts(header: SnapshotHeader, data: Snapshot["data"]): AsyncGenerator<SnapshotChunk> {
  yield { part: { $case: "header", value: header } };
  for await (const part of data instanceof Uint8Array ? [data] : data.read(0)) {
    for (let at = 0; at < part.length; at += CHUNK_BYTES) {
      yield { part: { $case: "data", value: part.subarray(at, at + CHUNK_BYTES) } };
    }
  }
}

function bytesIn(data: Snapshot["data"]): number {
  return data instanceof Uint8Array ? data.length : data.bytes;
}

function sha256Of(data: Snapshot["data"]): Uint8Array {
  return data instanceof Uint8Array ? createHash("sha256").update(data).digest() : data.sha256;
}

/** What came of an incoming snapshot stream. */
export type Received =
  | { readonly ok: true; readonly group: GroupId; readonly message: Message; readonly header: SnapshotHeader }
  | { readonly ok: false; readonly problem: string };

/** Reads a snapshot stream to its end. */
export async function receiveSnapshot(
  call: ServerReadableStream<SnapshotChunk, SnapshotReceipt>,
): Promise<Received> {
  let header: SnapshotHeader | null = null;
  const parts: Uint8Array[] = [];
  for await (const chunk of call as AsyncIterable<SnapshotChunk>) {
    if (chunk.part?.$case === "header") header = chunk.part.value;
    else if (chunk.part?.$case === "data") parts.push(chunk.part.value);
  }
  if (header === null) return { ok: false, problem: "the stream has no header" };
  const data = Buffer.concat(parts);
  if (data.length !== header.bytes) {
    return { ok: false, problem: `${data.length} bytes came, ${header.bytes} were announced` };
  }
  const sha256 = createHash("sha256").update(data).digest();
  if (!sha256.equals(header.sha256)) return { ok: false, problem: "the SHA-256 does not match" };
  const message = snapshotMessage({ ...header, confState: confStateFromWire(header.confState), data });
  return { ok: true, group: groupId(header.groupId), message, header };
}

/** For the log. */
export function sizeOf(message: Message) {
  const { index, data } = present(message.snapshot, "a MsgSnap carries a snapshot");
  const bytes = bytesIn(data);
  return { index, bytes, parts: Math.ceil(bytes / CHUNK_BYTES) };
}
