// The proposals of one turn, which become one append. What must stay true: each settles once, and one that is
// refused before it was proposed has changed nothing.

import type { MonotonicMs } from "../../base/clock.ts";
import type { ProposedBatch } from "../../raft/batch.ts";
import type { PendingWrites, Refusal, WriteResult } from "./pending.ts";

interface Queued<Result> {
  readonly data: Uint8Array;
  readonly deadline: MonotonicMs;
  readonly settle: (result: WriteResult<Result>) => void;
}

export class ProposalQueue<Result> {
  readonly #writes: PendingWrites<Result>;
  #queued: Queued<Result>[] = [];
  #refused = 0;

  /** `writes`: where they wait after they were proposed. */
  constructor(writes: PendingWrites<Result>) {
    this.#writes = writes;
  }

  get size(): number {
    return this.#queued.length;
  }

  /** Writes that were not proposed. */
  get refused(): number {
    return this.#refused;
  }

  add(data: Uint8Array, deadline: MonotonicMs): Promise<WriteResult<Result>> {
    return new Promise((settle) => this.#queued.push({ data, deadline, settle }));
  }

  /** A write for which there is no room or no leader. */
  refuse(refusal: Refusal): Promise<WriteResult<Result>> {
    this.#refused += 1;
    return Promise.resolve({ ok: false, refusal });
  }

  /** `propose` takes all of them. When it throws they stay, to be refused. */
  proposeAll(propose: (data: readonly Uint8Array[]) => ProposedBatch): void {
    if (this.#queued.length === 0) return;
    const proposed = propose(this.#queued.map(({ data }) => data));
    const queued = this.#queued;
    this.#queued = [];
    for (const [at, { deadline, settle }] of queued.entries()) {
      const index = proposed.ok ? (proposed.indexes[at] ?? null) : null;
      if (proposed.ok && index !== null) this.#writes.put({ index, term: proposed.term, deadline, settle });
      else this.#settle(settle, proposed.ok ? "overloaded" : refusalOf(proposed.reason));
    }
  }

  refuseAll(refusal: Refusal): void {
    const queued = this.#queued;
    this.#queued = [];
    for (const { settle } of queued) this.#settle(settle, refusal);
  }

  #settle(settle: Queued<Result>["settle"], refusal: Refusal): void {
    this.#refused += 1;
    settle({ ok: false, refusal });
  }
}

function refusalOf(reason: (ProposedBatch & { readonly ok: false })["reason"]): Refusal {
  return reason === "removed" ? "not-leader" : reason;
}
