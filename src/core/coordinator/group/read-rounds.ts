// Asks the core to confirm that its leader still leads, once for all reads that wait, and takes its answers. Each request has
// a key of its own, which no earlier life of this process has used.

import type { MonotonicMs } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import type { ReadState } from "../../raft/read-only.ts";
import type { PendingReads } from "./pending.ts";

export interface ReadRoundsOptions {
  readonly self: NodeId;
  readonly incarnation: number;
  readonly raft: { readIndex(context: Uint8Array): void };
  readonly now: () => MonotonicMs;
}

export class ReadRounds {
  readonly #options: ReadRoundsOptions;
  readonly #reads: PendingReads;
  #requests = 0;

  constructor(options: ReadRoundsOptions, reads: PendingReads) {
    this.#options = options;
    this.#reads = reads;
  }

  ask(): void {
    if (!this.#reads.hasUnasked) return;
    const { self, incarnation, raft, now } = this.#options;
    this.#requests += 1;
    const key = `${self}.${incarnation}.${this.#requests}`;
    this.#reads.asked(key, now());
    raft.readIndex(new TextEncoder().encode(key));
  }

  confirmed(states: readonly ReadState[]): void {
    for (const { context, index } of states) this.#reads.confirmed(new TextDecoder().decode(context), index);
  }
}
