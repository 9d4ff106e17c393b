// The proposals of one turn, which become one append. What must stay true: each settles once, and one that is
// refused before it was proposed has changed nothing. Those that may join share entries with their neighbours, so that
// the order of proposals is also that of their effects.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { ProposedBatch } from "../../raft/batch.ts";
import type { Joining } from "./machine.ts";
import type { PendingWrite, PendingWrites, Refusal, WriteResult } from "./pending.ts";

interface Queued<Result> extends PendingWrite<Result> {
  readonly data: Uint8Array;
  /** Whether it may share an entry. */
  readonly joins: boolean;
}

export class ProposalQueue<Result> {
  readonly #writes: PendingWrites<Result>;
  readonly #joining: Joining<Result> | undefined;
  #queued: Queued<Result>[] = [];
  #refused = 0;

  /** `writes`: where they wait after they were proposed. */
  constructor(writes: PendingWrites<Result>, joining?: Joining<Result>) {
    this.#writes = writes;
    this.#joining = joining;
  }

  get size(): number {
    return this.#queued.length;
  }

  /** Writes that were not proposed. */
  get refused(): number {
    return this.#refused;
  }

  add(data: Uint8Array, deadline: MonotonicMs, joins = false): Promise<WriteResult<Result>> {
    return new Promise((settle) => this.#queued.push({ data, joins, deadline, settle }));
  }

  /** A write for which there is no room or no leader. */
  refuse(refusal: Refusal): Promise<WriteResult<Result>> {
    this.#refused += 1;
    return Promise.resolve({ ok: false, refusal });
  }

  /** `propose` takes all of them. When it throws they stay, to be refused. */
  proposeAll(propose: (data: readonly Uint8Array[]) => ProposedBatch): void {
    if (this.#queued.length === 0) return;
    const entries = inEntries(this.#queued, this.#joining);
    const proposed = propose(entries.map((writes) => dataOf(writes, this.#joining)));
    this.#queued = [];
    for (const [at, writes] of entries.entries()) {
      const index = proposed.ok ? (proposed.indexes[at] ?? null) : null;
      if (proposed.ok && index !== null) this.#writes.putAll(index, proposed.term, writes);
      else this.#settle(writes, proposed.ok ? "overloaded" : refusalOf(proposed.reason));
    }
  }

  refuseAll(refusal: Refusal): void {
    const queued = this.#queued;
    this.#queued = [];
    this.#settle(queued, refusal);
  }

  #settle(queued: readonly Queued<Result>[], refusal: Refusal): void {
    this.#refused += queued.length;
    for (const { settle } of queued) settle({ ok: false, refusal });
  }
}

type Joinable = Pick<Queued<unknown>, "data" | "joins">;

/** The proposals of each entry, in order. */
export function inEntries<Proposal extends Joinable>(
  queued: readonly Proposal[],
  joining: Pick<Joining<unknown>, "bytesMax" | "countMax"> | undefined,
): Proposal[][] {
  const entries: Proposal[][] = [];
  let open: Proposal[] | null = null;
  let bytes = 0;
  for (const proposal of queued) {
    const { joins, data } = proposal;
    const hasRoom = joining !== undefined && joins && bytes + data.length <= joining.bytesMax;
    if (open !== null && hasRoom && open.length < joining.countMax) {
      open.push(proposal);
      bytes += data.length;
      continue;
    }
    const entry = [proposal];
    entries.push(entry);
    open = joins ? entry : null;
    bytes = data.length;
  }
  return entries;
}

function dataOf<Result>(writes: readonly Queued<Result>[], joining: Joining<Result> | undefined): Uint8Array {
  const [first, second] = writes;
  assert(first !== undefined, "an entry has a proposal");
  if (second === undefined || joining === undefined) return first.data;
  return joining.join(writes.map(({ data }) => data));
}

function refusalOf(reason: (ProposedBatch & { readonly ok: false })["reason"]): Refusal {
  return reason === "removed" ? "not-leader" : reason;
}
