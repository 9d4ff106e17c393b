// All waiting calls of one group: writes from their proposal on, configuration changes, and reads. What must
// stay true: a write is in exactly one place, queued for the next append or pending by its index.

import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex, Term } from "../../base/ids.ts";
import type { ProposedBatch } from "../../raft/batch.ts";
import { LIMITS } from "./limits.ts";
import type { Joining } from "./machine.ts";
import { PendingReads, PendingWrites, type Refusal, type WriteResult } from "./pending.ts";
import { ProposalQueue } from "./proposal-queue.ts";

export class Waiting<Result> {
  readonly changes = new PendingWrites<LogIndex>(LIMITS.pendingWritesMax);
  readonly reads = new PendingReads(LIMITS.pendingReadsMax);
  readonly #writes: PendingWrites<Result>;
  readonly #queue: ProposalQueue<Result>;

  constructor(joining?: Joining<Result>) {
    this.#writes = new PendingWrites(LIMITS.pendingWritesMax, joining);
    this.#queue = new ProposalQueue(this.#writes, joining);
  }

  get isEmpty(): boolean {
    return this.#queue.size + this.#writes.size + this.changes.size === 0 && this.reads.isEmpty;
  }

  /** How many writes wait for their outcome. */
  get writes(): number {
    return this.#queue.size + this.#writes.size;
  }

  /** The outcomes of the writes that arrived here, and how many still wait. */
  get proposals(): { accepted: number; failed: number; refused: number; pending: number } {
    return { ...this.#writes.settled, refused: this.#queue.refused, pending: this.writes };
  }

  /** When a write or a read may be retried that was refused because too many wait. */
  retryDelayMs(refused: "write" | "read"): number {
    return refused === "write" ? this.#writes.retryDelayMs : this.reads.retryDelayMs;
  }

  /** Settles when the write's entry is committed and applied, or when that can't be promised any more. */
  write(data: Uint8Array, deadline: MonotonicMs, joins: boolean): Promise<WriteResult<Result>> {
    if (this.writes >= LIMITS.pendingWritesMax) return this.refuse("overloaded");
    return this.#queue.add(data, deadline, joins);
  }

  /** For a write that is not proposed. */
  refuse(refusal: Refusal): Promise<WriteResult<Result>> {
    return this.#queue.refuse(refusal);
  }

  proposeAll(propose: (data: readonly Uint8Array[]) => ProposedBatch): void {
    this.#queue.proposeAll(propose);
  }

  /** An entry was applied. */
  applied(index: LogIndex, term: Term, result: Result | null): void {
    this.#writes.applied(index, term, result);
    this.changes.applied(index, term, index);
  }

  expire(now: MonotonicMs): void {
    this.#writes.expire(now);
    this.changes.expire(now);
    this.reads.expire(now);
  }

  /** The proposals of a former leader may take effect or not. */
  leadershipLost(): void {
    this.#writes.refuseAll("leadership-lost");
    this.changes.refuseAll("leadership-lost");
  }

  refuseAll(): void {
    this.#queue.refuseAll("leadership-lost");
    this.leadershipLost();
    this.reads.refuseAll("no-leader");
  }
}
