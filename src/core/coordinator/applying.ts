// What the core hands out to be applied, and what it is told when that is done. While a snapshot is restored nothing is
// applied, and the core is told nothing of its own writes: it holds the snapshot for one that is not stored yet, so it hands
// out nothing behind it and does not campaign. What peers are told, that entries are stored or a vote is given, does not
// wait. What must stay true: the core hears of its writes in their order.

import { assert } from "../base/assert.ts";
import type { LogIndex, NodeId } from "../base/ids.ts";
import type { Message, Snapshot } from "../raft/message.ts";
import { Applier, type ApplierOptions } from "./applier.ts";
import type { GroupMeter } from "./group-meter.ts";

export interface ApplyingOptions<Result> extends ApplierOptions<Result> {
  readonly self: NodeId;
  readonly meter: GroupMeter;
  /** To the core of this replica. */
  readonly step: (message: Message) => void;
  readonly send: (message: Message) => void;
  /** A snapshot's data are needed no more. */
  readonly onRestored: () => void;
  /** Everything through `index` is applied. */
  readonly onProgress: (index: LogIndex) => void;
}

export class Applying<Result> {
  readonly #options: ApplyingOptions<Result>;
  readonly #applier: Applier<Result>;
  /** Handed out by the core, and not applied yet: no more bytes than `committedBytesPerReadyMax`, or one entry. */
  #waiting: Message[] = [];
  /** What the core is told once the snapshot is restored that came before it. */
  #heldBack: Message[] = [];
  #hasApplied = false;

  constructor(options: ApplyingOptions<Result>) {
    this.#options = options;
    this.#applier = new Applier(options);
  }

  get last(): Applier<Result>["last"] {
    return this.#applier.last;
  }

  get configuration(): Applier<Result>["configuration"] {
    return this.#applier.configuration;
  }

  /** Whether a snapshot takes the state's place: nothing may be read, and nothing is applied. */
  get isRestoring(): boolean {
    return this.#applier.isRestoring;
  }

  get waiting(): readonly Message[] {
    return this.#waiting;
  }

  /** Whether this turn has applied something: what the core hands out after that waits for the next turn. */
  get hasApplied(): boolean {
    return this.#hasApplied;
  }

  beginTurn(): void {
    this.#hasApplied = false;
  }

  add(message: Message): void {
    this.#waiting.push(message);
  }

  applyWaiting(): void {
    if (this.isRestoring) return;
    const waiting = this.#waiting.splice(0);
    this.#hasApplied ||= waiting.length > 0;
    for (const { entries, responses } of waiting) {
      this.#options.meter.timeApply(() => {
        for (const entry of entries) this.#applier.apply(entry);
      });
      this.deliver(responses);
      this.#options.onProgress(this.last.index);
    }
  }

  deliver(responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to !== this.#options.self) this.#options.send(response);
      else if (this.isRestoring) this.#heldBack.push(response);
      else this.#options.step(response);
    }
  }

  /** A received snapshot is stored: what waits is covered by it, and the core hears of that as if it had been applied. */
  cover(snapshot: Snapshot): void {
    assert(snapshot.index > this.last.index, "a received snapshot never takes the state back");
    assert(
      this.#waiting.length === 0 || this.isRestoring,
      "the turn that hands a snapshot out has applied what came before it",
    );
    for (const { entries, responses } of this.#waiting.splice(0)) {
      assert(
        entries.every(({ index }) => index <= snapshot.index),
        "nothing behind a snapshot is handed out before it is stored",
      );
      this.#heldBack.push(...responses);
    }
  }

  /** Null: it was in memory, and is restored. "given up": a newer one has taken its place, or this has stopped. */
  restore(snapshot: Snapshot): Promise<"restored" | "given up"> | null {
    return this.#applier.restore(snapshot);
  }

  /** The state is the snapshot's. */
  restored(): void {
    assert(!this.isRestoring, "half a state is no state");
    this.#options.onRestored();
    this.deliver(this.#heldBack.splice(0));
    this.#options.onProgress(this.last.index);
  }

  stop(): void {
    this.#applier.stop();
  }
}
