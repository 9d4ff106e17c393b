// Short builders of stopped replicas: logs in memory, and what a recovery reads off them.

import { type LogIndex, logIndex, type NodeId, nodeId, term } from "../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../src/core/base/only-voters.ts";
import type { ConfOperation } from "../../../src/core/raft/confchange.ts";
import { encodeConfChange } from "../../../src/core/raft/confchange-codec.ts";
import type { LogReader } from "../../../src/core/raft/log-reader.ts";
import type { ConfState, Entry } from "../../../src/core/raft/message.ts";
import { type Copy, readCopy } from "../../../src/core/recover/copy.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { command, type OperationKind } from "../fleet/replica.ts";

export const ids = (...numbers: readonly number[]): NodeId[] => numbers.map(nodeId);

export function voting(...voters: readonly number[]): ConfState {
  return onlyVoters(ids(...voters));
}

/** One entry of a log: its term, and what it does if it does anything. */
export interface Step {
  readonly term: number;
  readonly operation?: OperationKind;
  readonly change?: readonly ConfOperation[];
  readonly headers?: Partial<Command>;
}

export interface LogPlan {
  /** The configuration of the founding snapshot, at index 1. */
  readonly founders?: ConfState;
  /** From index 2 on. */
  readonly steps: readonly Step[];
  readonly term?: number;
  readonly commit: number;
}

export function logOf({ founders = voting(1, 2, 3), steps, commit, ...rest }: LogPlan): LogReader {
  const log = new MemoryLog();
  log.applySnapshot({ index: logIndex(1), term: term(1), confState: founders, data: new Uint8Array() });
  log.append(steps.map((step, at) => entryOf(step, logIndex(at + 2))));
  const lastTerm = steps.at(-1)?.term ?? 1;
  log.setHardState({ term: term(rest.term ?? lastTerm), vote: nodeId(0), commit: logIndex(commit) });
  return log;
}

function entryOf({ term: at, operation, change, headers }: Step, index: LogIndex): Entry {
  const base = { term: term(at), index };
  if (change !== undefined) {
    const data = encodeConfChange({ transition: "auto", changes: change, context: new Uint8Array() });
    return { ...base, type: "conf-change-v2", data };
  }
  const data =
    operation === undefined ? new Uint8Array() : Command.encode(command(operation, headers)).finish();
  return { ...base, type: "normal", data };
}

/** The copy of node `id`, which can be read. */
export function copyOf(id: number, plan: LogPlan, isAmnesiac = false): Copy {
  const read = readCopy(nodeId(id), logOf(plan), isAmnesiac);
  if (!read.ok) throw new Error(read.problem);
  return read.copy;
}

/** Entries without content in these terms. */
export const inTerms = (...terms: readonly number[]): Step[] => terms.map((at) => ({ term: at }));
