// Takes entries from the core, has them applied, and reports back to the core. During a restore no entry is
// applied, and the core is not told about its own writes. It then treats the snapshot as not stored yet, so
// it hands out no entry behind it and does not campaign. Answers to peers, that entries are stored or a vote
// is given, do not wait. What must stay true: the core hears of its writes in order.

import { assert, present } from "../../base/assert.ts";
import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { Entry, Message, Snapshot } from "../../raft/message.ts";
import { Applier, type ApplierOptions } from "./applier.ts";
import type { GroupMeter } from "./group-meter.ts";
import { asksDisk, bringsSnapshot } from "./message-questions.ts";

export interface ApplyingOptions<Result> extends ApplierOptions<Result> {
  readonly self: NodeId;
  readonly meter: GroupMeter;
  /** To the core of this replica. */
  readonly step: (message: Message) => void;
  readonly send: (message: Message) => void;
  /** A snapshot's data can be dropped. */
  readonly onRestored: () => void;
  /** Everything through `index` is applied. */
  readonly onProgress: (index: LogIndex) => void;
  /** There is work for the next turn. */
  readonly onLater: () => void;
}

export class Applying<Result> {
  readonly #options: ApplyingOptions<Result>;
  readonly #applier: Applier<Result>;
  /** Handed out by the core and not applied yet: at most `committedBytesPerReadyMax`, or one entry. */
  #waiting: Message[] = [];
  /** How many entries of the first waiting message are applied or started. */
  #begun = 0;
  /** Messages for the core that came after the snapshot; it gets them once the snapshot is restored. */
  #heldBack: Message[] = [];
  /** Whether this turn has applied something: later entries from the core wait for the next turn. */
  #hasApplied = false;
  #mayTakeLong = false;

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

  /** Whether a snapshot is replacing the state: no reads and no entries are possible. */
  get isRestoring(): boolean {
    return this.#applier.isRestoring;
  }

  /** `mayTakeLong`: whether the turn has time for a slice of a large entry. */
  beginTurn(mayTakeLong: boolean): void {
    this.#hasApplied = false;
    this.#mayTakeLong = mayTakeLong;
  }

  add(message: Message): void {
    this.#waiting.push(message);
  }

  /**
   * The Ready with these messages was handed out. A leader waits for its followers' storage, not for their
   * applying. So commands may wait for the next turn, which after a single write comes once the write was
   * passed to the disk. A configuration change may not wait. A snapshot that arrived meanwhile would have changed the
   * core's configuration already. The old change would then be applied to the new configuration. Entries before a
   * snapshot may not wait either.
   */
  handedOut(messages: readonly Message[]): void {
    const isCommands = this.#waiting.every(({ entries }) => entries.every(({ type }) => type === "normal"));
    const mayWait = isCommands && !messages.some(bringsSnapshot);
    const isLate = this.#hasApplied || messages.some(asksDisk);
    if (!mayWait) this.#applyAll();
    else if (!isLate) this.applySome();
    else if (this.#waiting.length > 0) this.#options.onLater();
  }

  /** Applies all that waits; a large entry takes one slice a turn, and later entries wait. */
  applySome(): void {
    if (this.isRestoring || this.#waiting.length === 0) return;
    const isSlice = this.#applier.isMidEntry;
    if (!isSlice || this.#mayTakeLong) this.#applyNext();
    while (!isSlice && !this.#applier.isMidEntry && this.#waiting.length > 0) this.#applyNext();
    if (this.#waiting.length > 0) this.#options.onLater();
  }

  /** Applies all that waits, however long it takes. */
  #applyAll(): void {
    if (this.isRestoring) return;
    while (this.#waiting.length > 0) this.#applyNext();
  }

  /** A slice of the started entry; otherwise the next page, up to an entry that needs slices. */
  #applyNext(): void {
    const { entries, responses } = present(this.#waiting[0], "something waits");
    this.#hasApplied = true;
    this.#options.meter.timeApply(() => {
      if (this.#applier.isMidEntry) this.#applier.applySlice();
      else this.#applyPage(entries);
    });
    if (this.#applier.isMidEntry || this.#begun < entries.length) return;
    this.#waiting.shift();
    this.#begun = 0;
    this.deliver(responses);
    this.#options.onProgress(this.last.index);
  }

  #applyPage(entries: readonly Entry[]): void {
    while (this.#begun < entries.length && !this.#applier.isMidEntry) {
      const entry = present(entries[this.#begun], "it is within the page");
      this.#begun += 1;
      this.#applier.apply(entry);
    }
  }

  deliver(responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to !== this.#options.self) this.#options.send(response);
      else if (this.isRestoring) this.#heldBack.push(response);
      else this.#options.step(response);
    }
  }

  /** A received snapshot is stored. It covers all waiting entries, and for the core they count as applied. */
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

  /** Null: it was in memory and is restored. "given up": a newer one has replaced it, or this has stopped. */
  restore(snapshot: Snapshot): Promise<"restored" | "given up"> | null {
    return this.#applier.restore(snapshot);
  }

  /** The state is now the snapshot's. */
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
