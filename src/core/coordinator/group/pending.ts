// The waiting calls of one Raft group: proposals by log index, reads by confirmation and applied index. What
// must stay true: each call is answered once, at the latest at its deadline. A result is delivered only to
// the proposal with the same index *and term* (another leader may have used the index). Both queues are
// bounded: a call without room is refused at once, with the time until half of the waiting calls are served.

import { assert, present } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex, Term } from "../../base/ids.ts";
import { DrainRate } from "./drain-rate.ts";
import type { Joining } from "./machine.ts";

/**
 * Why a write or read got no result. Whether a write took effect is unknown unless the reason says otherwise.
 */
export type Refusal =
  | "not-leader"
  | "no-leader"
  | "leadership-lost"
  | "transferring"
  | "overloaded"
  | "too-many-reads"
  | "change-pending"
  | "change-malformed"
  | "no-quorum";

type Settled<Value> = ({ readonly ok: true } & Value) | { readonly ok: false; readonly refusal: Refusal };
export type WriteResult<Result> = Settled<{
  readonly index: LogIndex;
  readonly term: Term;
  readonly result: Result;
}>;
export type ReadResult = Settled<{ readonly index: LogIndex }>;

export interface PendingWrite<Result> {
  readonly deadline: MonotonicMs;
  readonly settle: (result: WriteResult<Result>) => void;
}

/** The writes that wait for one entry. */
interface PendingEntry<Result> {
  readonly term: Term;
  /** In their order in the entry; null: answered already. */
  readonly writes: (PendingWrite<Result> | null)[];
}

export class PendingWrites<Result> {
  readonly #byIndex = new Map<LogIndex, PendingEntry<Result>>();
  readonly #countMax: number;
  readonly #joining: Pick<Joining<Result>, "partOf"> | undefined;
  readonly #drain = new DrainRate();
  #size = 0;
  #served = 0;
  #failed = 0;

  /** `joining`: how an entry's result is that of its writes. */
  constructor(countMax: number, joining?: Pick<Joining<Result>, "partOf">) {
    this.#countMax = countMax;
    this.#joining = joining;
  }

  get size(): number {
    return this.#size;
  }

  /** How many waiting calls got their result, and how many did not. */
  get settled(): { accepted: number; failed: number } {
    return { accepted: this.#served, failed: this.#failed };
  }

  get isFull(): boolean {
    return this.#size >= this.#countMax;
  }

  /** When a write that is refused now may be retried. */
  get retryDelayMs(): number {
    return this.#drain.delayMs(this.#size);
  }

  add(index: LogIndex, term: Term, deadline: MonotonicMs): Promise<WriteResult<Result>> {
    return new Promise((settle) => this.putAll(index, term, [{ deadline, settle }]));
  }

  /** Like `add`, for all writes of an entry, which got their promises before it was proposed. */
  putAll(index: LogIndex, term: Term, writes: readonly PendingWrite<Result>[]): void {
    assert(this.#size + writes.length <= this.#countMax, "the proposer has checked for room");
    assert(
      writes.length === 1 || this.#joining !== undefined,
      "only machines that join have entries of several",
    );
    // A deposed leader's proposal may still wait at an index that its successor uses again.
    const deposed = this.#byIndex.get(index);
    if (deposed !== undefined) this.#refuseEntry(deposed, "leadership-lost");
    this.#byIndex.set(index, { term, writes: [...writes] });
    this.#size += writes.length;
  }

  applied(index: LogIndex, term: Term, result: Result | null): void {
    const entry = this.#byIndex.get(index);
    if (entry === undefined) return;
    this.#byIndex.delete(index);
    if (entry.term !== term) {
      this.#refuseEntry(entry, "leadership-lost");
      return;
    }
    assert(result !== null, "a proposal's entry carries a command, so applying it gives a result");
    const { writes } = entry;
    for (const [at, write] of writes.entries()) {
      if (write === null) continue;
      this.#size -= 1;
      this.#served += 1;
      const own = writes.length === 1 ? result : this.#partOf(result, at, writes.length);
      write.settle({ ok: true, index, term, result: own });
    }
  }

  refuseAll(refusal: Refusal): void {
    for (const entry of this.#byIndex.values()) this.#refuseEntry(entry, refusal);
    this.#byIndex.clear();
    assert(this.#size === 0, "a waiting write is one of an entry");
  }

  expire(now: MonotonicMs): void {
    this.#drain.sample(this.#served, now);
    for (const [index, { writes }] of this.#byIndex) {
      for (const [at, write] of writes.entries()) {
        if (write === null || write.deadline > now) continue;
        writes[at] = null;
        this.#refuse(write, "no-quorum");
      }
      if (writes.every((write) => write === null)) this.#byIndex.delete(index);
    }
  }

  #partOf(result: Result, at: number, count: number): Result {
    return present(this.#joining, "only machines that join have entries of several").partOf(
      result,
      at,
      count,
    );
  }

  #refuseEntry({ writes }: PendingEntry<Result>, refusal: Refusal): void {
    for (const write of writes) if (write !== null) this.#refuse(write, refusal);
  }

  #refuse(write: PendingWrite<Result>, refusal: Refusal): void {
    this.#size -= 1;
    this.#failed += 1;
    write.settle({ ok: false, refusal });
  }
}

interface PendingRead {
  readonly deadline: MonotonicMs;
  readonly settle: (result: ReadResult) => void;
}

const REASK_MS = 500;

/**
 * Linearizable reads share confirmations: a confirmation covers all reads that wait when it is requested
 * (Raft §6.4).
 */
export class PendingReads {
  #unasked: PendingRead[] = [];
  readonly #asked = new Map<string, { readonly at: MonotonicMs; readonly reads: PendingRead[] }>();
  #confirmed: { readonly index: LogIndex; readonly reads: PendingRead[] }[] = [];
  readonly #countMax: number;
  readonly #drain = new DrainRate();
  #size = 0;
  #served = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** How many reads wait in all queues. */
  get size(): number {
    return this.#size;
  }

  /** When a read that is refused now may be retried. */
  get retryDelayMs(): number {
    return this.#drain.delayMs(this.#size);
  }

  confirmAndWait(deadline: MonotonicMs): Promise<ReadResult> {
    return this.#add(deadline, (read) => this.#unasked.push(read));
  }

  /** Waits only until `index` is applied here. */
  waitApplied(index: LogIndex, deadline: MonotonicMs): Promise<ReadResult> {
    return this.#add(deadline, (read) => this.#confirmed.push({ index, reads: [read] }));
  }

  get hasUnasked(): boolean {
    return this.#unasked.length > 0;
  }

  get isEmpty(): boolean {
    return this.#unasked.length === 0 && this.#asked.size === 0 && this.#confirmed.length === 0;
  }

  /** All reads that have not asked yet share the request `key`. */
  asked(key: string, now: MonotonicMs): void {
    this.#asked.set(key, { at: now, reads: this.#unasked });
    this.#unasked = [];
  }

  confirmed(key: string, index: LogIndex): void {
    const request = this.#asked.get(key);
    if (request === undefined) return;
    this.#asked.delete(key);
    this.#confirmed.push({ index, reads: request.reads });
  }

  applied(through: LogIndex): void {
    if (this.#confirmed.length === 0) return;
    const done = this.#confirmed.filter((batch) => batch.index <= through);
    this.#confirmed = this.#confirmed.filter((batch) => batch.index > through);
    for (const read of done.flatMap((batch) => batch.reads)) {
      this.#served += 1;
      read.settle({ ok: true, index: through });
    }
  }

  /**
   * Ends what has reached its deadline; a lost confirmation is requested again under a new key (etcd#7331).
   */
  expire(now: MonotonicMs): void {
    this.#drain.sample(this.#served, now);
    for (const [key, request] of this.#asked) {
      if (now - request.at < REASK_MS) continue;
      this.#asked.delete(key);
      this.#unasked.push(...request.reads);
    }
    this.#unasked = unexpired(this.#unasked, now);
    for (const [key, request] of this.#asked) {
      this.#asked.set(key, { at: request.at, reads: unexpired(request.reads, now) });
    }
    this.#confirmed = this.#confirmed
      .map((batch) => ({ index: batch.index, reads: unexpired(batch.reads, now) }))
      .filter((batch) => batch.reads.length > 0);
  }

  refuseAll(refusal: Refusal): void {
    const asked = [...this.#asked.values()].flatMap((request) => request.reads);
    const confirmed = this.#confirmed.flatMap((batch) => batch.reads);
    for (const read of [...this.#unasked, ...asked, ...confirmed]) read.settle({ ok: false, refusal });
    this.#unasked = [];
    this.#asked.clear();
    this.#confirmed = [];
    assert(this.#size === 0, "who waits is in one of the three lists");
  }

  #add(deadline: MonotonicMs, wait: (read: PendingRead) => void): Promise<ReadResult> {
    if (this.#size >= this.#countMax) return Promise.resolve({ ok: false, refusal: "too-many-reads" });
    this.#size += 1;
    return new Promise((resolve) => {
      const settle = (result: ReadResult) => {
        this.#size -= 1;
        resolve(result);
      };
      wait({ deadline, settle });
    });
  }
}

function unexpired(reads: readonly PendingRead[], now: MonotonicMs): PendingRead[] {
  return reads.filter((read) => {
    if (read.deadline > now) return true;
    read.settle({ ok: false, refusal: "no-quorum" });
    return false;
  });
}
