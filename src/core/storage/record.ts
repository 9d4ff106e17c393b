// The log's records and their bytes: entries, hard states and snapshot marks of all groups. Term, vote and
// commit are one record, so that none can be lost alone. What must stay true: the encoded kinds and layouts
// never change within one format version. Deliberately absent: checksums, which belong to the frame.

import { assert } from "../base/assert.ts";
import { type GroupId, groupId, type LogIndex, logIndex, nodeId, type Term, term } from "../base/ids.ts";
import type { Entry, EntryType, HardState } from "../raft/message.ts";
import type { ByteReader, ByteWriter } from "./byte-cursor.ts";

/** Says that the snapshot file of this index and term is durable. */
export interface SnapshotMark {
  readonly index: LogIndex;
  readonly term: Term;
  /** Received from a leader: all earlier records of the log are void. */
  readonly restartsLog: boolean;
}

export type WalRecord =
  | { readonly kind: "entry"; readonly group: GroupId; readonly entry: Entry }
  | { readonly kind: "hard-state"; readonly group: GroupId; readonly hardState: HardState }
  | { readonly kind: "snapshot-mark"; readonly group: GroupId; readonly mark: SnapshotMark };

const KIND = { entry: 1, "hard-state": 2, "snapshot-mark": 3 } as const;
const ENTRY_TYPES: readonly EntryType[] = ["normal", "conf-change", "conf-change-v2"];

const PREFIX_BYTES = 1 + 8;
const ENTRY_HEADER_BYTES = 1 + 8 + 8 + 4;
const HARD_STATE_BYTES = 8 + 8 + 8;
const MARK_BYTES = 8 + 8 + 1;

export function recordBytes(record: WalRecord): number {
  switch (record.kind) {
    case "entry":
      return PREFIX_BYTES + ENTRY_HEADER_BYTES + record.entry.data.length;
    case "hard-state":
      return PREFIX_BYTES + HARD_STATE_BYTES;
    case "snapshot-mark":
      return PREFIX_BYTES + MARK_BYTES;
  }
}

export function writeRecord(writer: ByteWriter, record: WalRecord): void {
  writer.uint8(KIND[record.kind]);
  writer.uint64(record.group);
  switch (record.kind) {
    case "entry":
      writeEntry(writer, record.entry);
      break;
    case "hard-state":
      writer.uint64(record.hardState.term);
      writer.uint64(record.hardState.vote);
      writer.uint64(record.hardState.commit);
      break;
    case "snapshot-mark":
      writer.uint64(record.mark.index);
      writer.uint64(record.mark.term);
      writer.uint8(record.mark.restartsLog ? 1 : 0);
      break;
  }
}

/** Reads one record; asserts that its kind is known and its bytes are complete. */
export function readRecord(reader: ByteReader): WalRecord {
  const kind = reader.uint8();
  const group = groupId(reader.uint64());
  if (kind === KIND.entry) return { kind: "entry", group, entry: readEntry(reader) };
  if (kind === KIND["hard-state"]) return { kind: "hard-state", group, hardState: readHardState(reader) };
  assert(kind === KIND["snapshot-mark"], `a record's kind is known, not ${kind}`);
  return { kind: "snapshot-mark", group, mark: readMark(reader) };
}

function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.uint8(ENTRY_TYPES.indexOf(entry.type));
  writer.uint64(entry.term);
  writer.uint64(entry.index);
  writer.uint32(entry.data.length);
  writer.bytes(entry.data);
}

function readEntry(reader: ByteReader): Entry {
  const typeNumber = reader.uint8();
  const type = ENTRY_TYPES[typeNumber];
  assert(type !== undefined, `an entry's type is known, not ${typeNumber}`);
  const entryTerm = term(reader.uint64());
  const index = logIndex(reader.uint64());
  return { type, term: entryTerm, index, data: reader.bytes(reader.uint32()) };
}

function readHardState(reader: ByteReader): HardState {
  const currentTerm = term(reader.uint64());
  const vote = nodeId(reader.uint64());
  return { term: currentTerm, vote, commit: logIndex(reader.uint64()) };
}

function readMark(reader: ByteReader): SnapshotMark {
  const index = logIndex(reader.uint64());
  const markTerm = term(reader.uint64());
  return { index, term: markTerm, restartsLog: reader.uint8() === 1 };
}
