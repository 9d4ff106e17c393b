// One leader's appends in one term. What must stay true: each append's transaction also compares the end of the log and
// the leader's own key. So a deposed leader's append is refused. One batch is under way at a time. It is asked for
// again, unchanged, until its outcome is known, so it takes effect once.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term } from "../base/ids.ts";
import type { LogKeys } from "./log-keys.ts";
import { batchValue, headOf, partsValue } from "./records.ts";
import type { Batch, Condition, GuardedWrite, Head, Put } from "./vocabulary.ts";
import { lastOf } from "./vocabulary.ts";

// etcd refuses requests above 1.5 MiB by default. The rest of a request takes less than half a mebibyte.
const VALUE_BYTES_MAX = 1024 * 1024;
const BATCH_BYTES_MAX = 1_000_000;
const BATCH_COMMANDS_MAX = 4_096;
// As embedded Raft holds at most in entries that are not committed.
const QUEUED_BYTES_MAX = 32 * 1024 * 1024;

interface UnderWay {
  readonly batch: Batch;
  readonly head: Head;
  readonly writes: readonly GuardedWrite[];
  /** The next of `writes`. */
  at: number;
}

export class Reign {
  readonly term: Term;
  /** The revision that created this leader's key. */
  readonly created: number;
  readonly #keys: LogKeys;
  #last: LogIndex;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #underWay: UnderWay | null = null;

  constructor(keys: LogKeys, term: Term, created: number, last: LogIndex) {
    this.#keys = keys;
    this.term = term;
    this.created = created;
    this.#last = last;
  }

  /** Nothing waits to be appended. */
  get isIdle(): boolean {
    return this.#underWay === null && this.#queue.length === 0;
  }

  /** The last index that was given to a command. */
  get last(): LogIndex {
    return this.#last;
  }

  /** Returns the command's index, which it has if this reign lasts until it is appended. Null: too much waits already. */
  propose(command: Uint8Array): LogIndex | null {
    if (this.#queuedBytes + command.length > QUEUED_BYTES_MAX) return null;
    this.#queue.push(command);
    this.#queuedBytes += command.length;
    this.#last = logIndex(this.#last + 1);
    return this.#last;
  }

  /** The transaction to ask for now, behind `head`; null = nothing waits. */
  next(head: Head): GuardedWrite | null {
    if (this.#underWay === null && this.#queue.length > 0) this.#underWay = this.#begin(head);
    const { writes, at } = this.#underWay ?? { writes: [], at: 0 };
    return writes[at] ?? null;
  }

  /** The transaction took effect. Returns the batch when that was its last one. */
  done(): { readonly batch: Batch; readonly head: Head } | null {
    const underWay = this.#underWay;
    if (underWay === null) return null;
    underWay.at += 1;
    return underWay.at < underWay.writes.length ? null : this.#appended(underWay);
  }

  /** The batch under way, if the log ends with it: so it took effect, whatever became of the answer. */
  appendedAt(head: Head | null): { readonly batch: Batch; readonly head: Head } | null {
    const underWay = this.#underWay;
    if (underWay === null || head === null) return null;
    return head.index === underWay.head.index && head.term === underWay.head.term
      ? this.#appended(underWay)
      : null;
  }

  #appended({ batch, head }: UnderWay): { readonly batch: Batch; readonly head: Head } {
    this.#underWay = null;
    return { batch, head };
  }

  #begin(over: Head): UnderWay {
    const commands = this.#takeBatch();
    const batch = { term: this.term, first: logIndex(over.index + 1), commands };
    const last = lastOf(batch);
    assert(last === this.#last - this.#queue.length, "commands are appended in the order of their indexes");
    const head = headOf(over.clusterId, last, this.term);
    const conditions: readonly Condition[] = [
      { kind: "equals", key: this.#keys.head, value: over.raw },
      { kind: "created", key: this.#keys.leader, revision: this.created },
    ];
    const value = batchValue(batch);
    const parts = value.length <= VALUE_BYTES_MAX ? [] : cut(value);
    const record = parts.length === 0 ? value : partsValue(batch, parts.length);
    const puts: readonly Put[] = [
      { key: this.#keys.batch(last), value: record },
      { key: this.#keys.head, value: head.raw },
    ];
    const partWrites = parts.map((part, number) => ({
      conditions,
      puts: [{ key: this.#keys.part(last, this.term, number), value: part }],
      erases: [],
    }));
    return { batch, head, writes: [...partWrites, { conditions, puts, erases: [] }], at: 0 };
  }

  /** The first commands of the queue, at least one. */
  #takeBatch(): Uint8Array[] {
    let bytes = 0;
    const more = this.#queue.findIndex((command, at) => {
      bytes += command.length;
      return at > 0 && (bytes > BATCH_BYTES_MAX || at >= BATCH_COMMANDS_MAX);
    });
    const taken = this.#queue.splice(0, more === -1 ? this.#queue.length : more);
    this.#queuedBytes -= taken.reduce((sum, { length }) => sum + length, 0);
    return taken;
  }
}

function cut(value: Uint8Array): Uint8Array[] {
  const count = Math.ceil(value.length / VALUE_BYTES_MAX);
  return Array.from({ length: count }, (_, at) =>
    value.subarray(at * VALUE_BYTES_MAX, (at + 1) * VALUE_BYTES_MAX),
  );
}
