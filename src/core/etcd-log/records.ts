// The values of the log's keys as bytes, and back. They come from outside the process: what can't be read throws
// ETCD_LOG_DAMAGED, and never reaches an assertion.

import { Exit, OperatorError } from "../base/errors.ts";
import { type LogIndex, logIndex, type NodeId, nodeId, type Term, term } from "../base/ids.ts";
import {
  EtcdBatch,
  EtcdHead,
  EtcdLeader,
  EtcdSnapshot,
  EtcdSuccessor,
} from "../wire/gen/fleet/v1/etcd_log.ts";
import type { LogKeys } from "./log-keys.ts";
import type { Batch, Head, StoredKey, View } from "./vocabulary.ts";

export function headOf(clusterId: string, index: LogIndex, at: Term): Head {
  const raw = EtcdHead.encode({ clusterId, lastIndex: index, term: at }).finish();
  return { clusterId, index, term: at, raw };
}

export const leaderValue = (node: NodeId, at: Term): Uint8Array =>
  EtcdLeader.encode({ nodeId: node, term: at }).finish();

export const successorValue = (node: NodeId, at: Term): Uint8Array =>
  EtcdSuccessor.encode({ nodeId: node, term: at }).finish();

export const batchValue = ({ term: at, first, commands }: Batch): Uint8Array =>
  EtcdBatch.encode({ term: at, firstIndex: first, commands: [...commands], parts: 0 }).finish();

/** The batch's record when its encoding is in `parts` keys of its own. */
export const partsValue = ({ term: at, first }: Batch, parts: number): Uint8Array =>
  EtcdBatch.encode({ term: at, firstIndex: first, commands: [], parts }).finish();

export const snapshotValue = (snapshot: EtcdSnapshot): Uint8Array => EtcdSnapshot.encode(snapshot).finish();

export function viewOf(keys: LogKeys, revision: number, stored: readonly StoredKey[]): View {
  const find = (name: string) => stored.find(({ key }) => key === name);
  const [head, leader, successor] = [find(keys.head), find(keys.leader), find(keys.successor)];
  return {
    revision,
    head: head === undefined ? null : readHead(head),
    leader: leader === undefined ? null : { ...readLeader(leader), ...fenceOf(leader) },
    successor: successor === undefined ? null : readSuccessor(successor),
  };
}

/** The batch, or how many parts it has. */
export function readBatch(stored: StoredKey): Batch | { readonly term: Term; readonly parts: number } {
  const record = read(stored, (value) => EtcdBatch.decode(value));
  if (record.parts > 0) return { term: term(record.term), parts: record.parts };
  if (record.commands.length === 0) throw damaged(stored.key);
  return { term: term(record.term), first: logIndex(record.firstIndex), commands: record.commands };
}

/** The batch whose encoding was in parts. */
export function readJoined(key: string, at: Term, value: Uint8Array): Batch {
  const { firstIndex, commands } = decoded(key, () => EtcdBatch.decode(value));
  if (commands.length === 0) throw damaged(key);
  return { term: at, first: logIndex(firstIndex), commands };
}

export const readSnapshot = (stored: StoredKey): EtcdSnapshot =>
  read(stored, (value) => EtcdSnapshot.decode(value));

export function damaged(key: string, cause?: unknown): OperatorError {
  return new OperatorError("ETCD_LOG_DAMAGED", {
    what: `the value of ${key} in etcd is not what a coordinator wrote there`,
    why: "another program wrote under this fleet's prefix, or a build that this one does not know",
    next: "stop that program, and give each fleet a prefix of its own: --etcd-prefix",
    exit: Exit.Failure,
    cause,
  });
}

const fenceOf = ({ created, lease }: StoredKey) => ({ created, lease });

function readHead(stored: StoredKey): Head {
  const { clusterId, lastIndex, term: at } = read(stored, (value) => EtcdHead.decode(value));
  if (lastIndex < 1) throw damaged(stored.key);
  return { clusterId, index: logIndex(lastIndex), term: term(at), raw: stored.value };
}

function readLeader(stored: StoredKey) {
  const { nodeId: node, term: at } = read(stored, (value) => EtcdLeader.decode(value));
  return { node: nodeId(node), term: term(at) };
}

function readSuccessor(stored: StoredKey) {
  const { nodeId: node, term: at } = read(stored, (value) => EtcdSuccessor.decode(value));
  return { node: nodeId(node), term: term(at) };
}

function read<Message>({ key, value }: StoredKey, decode: (value: Uint8Array) => Message): Message {
  return decoded(key, () => decode(value));
}

function decoded<Message>(key: string, decode: () => Message): Message {
  try {
    return decode();
  } catch (cause) {
    throw damaged(key, cause);
  }
}
