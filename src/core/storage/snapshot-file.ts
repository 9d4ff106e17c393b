// One snapshot in one file, `<group>-<term>-<index>.snap`, and its bytes:
//   magic u64 | format u32 | group u64 | index u64 | term u64 | conf state | data | SHA-256 of all before
// Format 1, which is still read, had the data's length before the data. So the data had to be whole in memory before
// the first byte was written. What must stay true: bytes that differ in one bit are not read as a snapshot.

import { createHash } from "node:crypto";
import { assert } from "../base/assert.ts";
import {
  type GroupId,
  groupId,
  type LogIndex,
  logIndex,
  type NodeId,
  nodeId,
  type Term,
  term,
} from "../base/ids.ts";
import type { ConfState, SnapshotHead, WholeSnapshot } from "../raft/message.ts";
import { ByteReader, ByteWriter } from "./byte-cursor.ts";
import { inChunks } from "./chunks.ts";

export interface SnapshotName {
  readonly group: GroupId;
  readonly term: Term;
  readonly index: LogIndex;
}

const MAGIC = new TextEncoder().encode("FLEETSNP");
const FORMAT = 2;
const FORMAT_WITH_LENGTH = 1;
export const SHA256_BYTES = 32;
const HEAD_BYTES = MAGIC.length + 4 + 3 * 8;
const FIXED_BYTES = HEAD_BYTES + SHA256_BYTES;
const PART_BYTES = 256 * 1024;
const NAME = /^(\d+)-(\d{16})-(\d{16})\.snap$/;

export function snapshotFileName({ group, term: of, index }: SnapshotName): string {
  const digits = (value: number) => String(value).padStart(16, "0");
  return `${group}-${digits(of)}-${digits(index)}.snap`;
}

/** Null if this is not the name of a snapshot file. */
export function parseSnapshotFileName(name: string): SnapshotName | null {
  const [, group, of, index] = NAME.exec(name) ?? [];
  if (group === undefined || of === undefined || index === undefined) return null;
  return { group: groupId(Number(group)), term: term(Number(of)), index: logIndex(Number(index)) };
}

/**
 * The file's bytes, hashed part by part: a large state must not block the event loop. Each part is valid
 * until the next is requested.
 */
export async function* snapshotParts(
  group: GroupId,
  snapshot: SnapshotHead,
  data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = encodeHead(group, snapshot);
  const hash = createHash("sha256").update(head);
  yield head;
  for await (const part of inChunks(data, PART_BYTES)) {
    hash.update(part);
    yield part;
  }
  yield hash.digest();
}

/** The same bytes in one piece. */
export function encodeSnapshot(group: GroupId, { data, ...head }: WholeSnapshot): Uint8Array {
  const body = Buffer.concat([encodeHead(group, head), data]);
  return new Uint8Array(Buffer.concat([body, sha256(body)]));
}

/** The snapshot, or why these bytes are not the snapshot of that name. */
export function decodeSnapshot(bytes: Uint8Array, name: SnapshotName): WholeSnapshot | string {
  const bodyBytes = bytes.length - SHA256_BYTES;
  if (bytes.length < FIXED_BYTES) return "it is too short for a snapshot";
  const body = bytes.subarray(0, bodyBytes);
  if (Buffer.compare(sha256(body), bytes.subarray(bodyBytes)) !== 0)
    return "its SHA-256 does not fit its content";
  const found = snapshotHeadOf(body, body.length, name);
  if (typeof found === "string") return found;
  const { head, dataStart } = found;
  return { ...head, data: new Uint8Array(body.buffer, body.byteOffset + dataStart, bodyBytes - dataStart) };
}

/**
 * The fields before the data and the data's offset; `bodyBytes` counts head and data. Or why this is not the
 * head of that snapshot.
 */
export function snapshotHeadOf(
  bytes: Uint8Array,
  bodyBytes: number,
  name: SnapshotName,
): { readonly head: SnapshotHead; readonly dataStart: number } | string {
  const reader = new ByteReader(bytes);
  const at = () => bytes.length - reader.remaining;
  if (Buffer.compare(reader.bytes(MAGIC.length), MAGIC) !== 0) return "it is not a snapshot file";
  const format = reader.uint32();
  if (format !== FORMAT && format !== FORMAT_WITH_LENGTH)
    return `its format is ${format}, this version reads up to ${FORMAT}`;
  const [group, index, of] = [reader.uint64(), reader.uint64(), reader.uint64()];
  if (group !== name.group || index !== name.index || of !== name.term) return "it holds another snapshot";
  const confState = readConfState(reader);
  const dataBytes = format === FORMAT_WITH_LENGTH ? reader.uint64() : bodyBytes - at();
  const dataStart = at();
  assert(dataStart + dataBytes === bodyBytes, "nothing follows a snapshot's data");
  return { head: { index: name.index, term: name.term, confState }, dataStart };
}

export function encodeHead(group: GroupId, { index, term: of, confState }: SnapshotHead): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES + confStateBytes(confState));
  const writer = new ByteWriter(head);
  writer.bytes(MAGIC);
  writer.uint32(FORMAT);
  for (const value of [group, index, of]) writer.uint64(value);
  writeConfState(writer, confState);
  assert(writer.position === head.length, "a snapshot's head has the size that was computed for it");
  return head;
}

function lists(confState: ConfState): readonly (readonly NodeId[])[] {
  return [confState.voters, confState.learners, confState.votersOutgoing, confState.learnersNext];
}

function confStateBytes(confState: ConfState): number {
  return lists(confState).reduce((sum, ids) => sum + 4 + 8 * ids.length, 1);
}

function writeConfState(writer: ByteWriter, confState: ConfState): void {
  for (const ids of lists(confState)) {
    writer.uint32(ids.length);
    for (const id of ids) writer.uint64(id);
  }
  writer.uint8(confState.autoLeave ? 1 : 0);
}

function readConfState(reader: ByteReader): ConfState {
  const readIds = () => Array.from({ length: reader.uint32() }, () => nodeId(reader.uint64()));
  const [voters, learners, votersOutgoing, learnersNext] = [readIds(), readIds(), readIds(), readIds()];
  return { voters, learners, votersOutgoing, learnersNext, autoLeave: reader.uint8() === 1 };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
