// Passes to the disk what the core wants stored, and says when it is. What must stay true: votes are requested once the
// candidate's own vote and term are durable (Raft Figure 2). Otherwise the others' votes could elect it without its own.
// After a crash it could then lead the same term a second time, with other entries.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { GroupId } from "../../base/ids.ts";
import type { Message } from "../../raft/message.ts";
import type { Storage } from "../../storage/storage.ts";
import { Gathering } from "./gathering.ts";
import type { GroupMeter } from "./group-meter.ts";
import { OrderedWrites } from "./ordered-writes.ts";

export interface AppendingOptions {
  readonly group: GroupId;
  readonly storage: Pick<Storage, "write">;
  readonly meter: Pick<GroupMeter, "appended">;
  readonly now: () => MonotonicMs;
  /** In the order in which they were appended, each with the requests for votes that waited for it. */
  readonly onStored: (message: Message) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Appending {
  readonly #options: AppendingOptions;
  readonly #disk: OrderedWrites;
  readonly #gathering = new Gathering();

  constructor(options: AppendingOptions) {
    this.#options = options;
    this.#disk = new OrderedWrites(options.storage);
  }

  /** Whether proposals wait for the disk now, with so many writes waiting for their outcome (ADR-0041). */
  holds(waiting: number): boolean {
    return this.#gathering.holds(waiting, this.#options.now());
  }

  append(message: Message, voteRequests: readonly Message[]): void {
    const { term, vote, commit, entries, snapshot } = message;
    assert(
      voteRequests.every((request) => request.term <= term),
      "a candidate's term is stored with its requests",
    );
    const hasHardState = term !== 0 || vote !== 0 || commit !== 0;
    const hardState = hasHardState ? { term, vote, commit } : null;
    const { group, meter, now, onStored, onFailed } = this.#options;
    const last = entries.at(-1);
    if (last !== undefined) meter.appended(last.index);
    const stored = this.#disk.write({ group, hardState, entries, snapshot });
    if (last !== undefined) this.#gathering.follow(stored, now());
    stored.then(() => onStored({ ...message, responses: [...voteRequests, ...message.responses] }), onFailed);
  }
}
