// Applies a group's committed entries to its machine and its configuration, and knows how far that has come.
// What must stay true: entries are applied in order, without a gap, each once; a snapshot never takes the state back. A large
// entry is applied in slices (ADR-0022), and counts as applied when the last is done.
// One whose data are stored elsewhere is restored in slices, between which others are served; until it is whole nothing
// is applied. A newer one may take its place meanwhile.

import { setImmediate as nextTurn } from "node:timers/promises";
import { assert, present } from "../../base/assert.ts";
import { type LogIndex, logIndex, type Term, term as termOf } from "../../base/ids.ts";
import type { ConfChange } from "../../raft/confchange.ts";
import { readConfChange } from "../../raft/confchange-codec.ts";
import type { ConfState, Entry, Snapshot, StoredData } from "../../raft/message.ts";
import { ConfigurationHistory } from "./configuration-history.ts";
import type { Machine, Restoring } from "./machine.ts";
import { Slices } from "./slices.ts";

// Some hundred rows: a few milliseconds.
const SLICE_BYTES = 64 * 1024;

export interface ApplierOptions<Result> {
  readonly machine: Machine<Result>;
  /** The configuration that the change leads to; null: it is impossible, and changes nothing. */
  readonly applyConfChange: (change: ConfChange) => ConfState | null;
  /** Told of each entry, in order; null is the result of what is no command. */
  readonly onApplied: (entry: Entry, result: Result | null) => void;
  /** What to wait for between two slices of a snapshot; by default others' turn. A seam: simulations decide. */
  readonly pause?: (() => Promise<unknown>) | undefined;
}

/** The entry that was applied last, and the configuration since then. */
export interface Applied {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

const NOTHING: Applied = {
  index: logIndex(0),
  term: termOf(0),
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

export class Applier<Result> {
  readonly #options: ApplierOptions<Result>;
  #last = NOTHING;
  #configuration = new ConfigurationHistory(NOTHING.index);
  #restoring: Restoring | null = null;
  /** The entry behind `last`, while it is not whole. */
  #begun: { readonly entry: Entry; readonly slices: Slices<Result> } | null = null;
  #isStopped = false;

  constructor(options: ApplierOptions<Result>) {
    this.#options = options;
  }

  /** Whether the state is not that at `last`, nor any other: a snapshot takes its place. */
  get isRestoring(): boolean {
    return this.#restoring !== null;
  }

  get last(): Applied {
    return this.#last;
  }

  get configuration(): Pick<ConfigurationHistory, "index" | "since"> {
    return this.#configuration;
  }

  /** Whether an entry is being applied. */
  get isMidEntry(): boolean {
    return this.#begun !== null;
  }

  /** Applies the next entry, or begins to; `applySlice` does the rest then. */
  apply(entry: Entry): void {
    assert(this.#restoring === null, "nothing is applied before the snapshot is whole");
    assert(this.#begun === null, "an entry waits until the one before it is whole");
    assert(entry.index === this.#last.index + 1, "entries are applied in order, without a gap");
    const isCommand = entry.type === "normal";
    const applied = this.#options.machine.apply(entry.index, isCommand ? entry.data : new Uint8Array());
    if (applied instanceof Slices) this.#begun = { entry, slices: applied };
    else this.#applied(entry, applied);
  }

  applySlice(): void {
    const begun = present(this.#begun, "a slice is one of an entry");
    begun.slices.step();
    if (!begun.slices.isWhole) return;
    this.#begun = null;
    this.#applied(begun.entry, begun.slices.result);
  }

  #applied(entry: Entry, result: Result | null): void {
    const confState = entry.type === "normal" ? this.#last.confState : this.#change(entry);
    this.#last = { index: entry.index, term: entry.term, confState };
    this.#options.onApplied(entry, result);
  }

  #change({ index, data }: Entry): ConfState {
    const change = readConfChange(data);
    const confState = change && this.#options.applyConfChange(change);
    this.#configuration.applied(index, confState === null ? [] : (change?.changes ?? []));
    return confState ?? this.#last.confState;
  }

  /** Null: it is restored. Otherwise that comes later, or never, when a newer one takes its place or this has stopped. */
  restore(snapshot: Snapshot): Promise<"restored" | "given up"> | null {
    assert(snapshot.index >= this.#last.index, "a snapshot never takes the state back");
    assert(this.#begun === null, "a snapshot comes after what was handed out before it");
    const { data } = snapshot;
    const restoring = this.#options.machine.restore(snapshot.index);
    this.#restoring = restoring;
    if (!(data instanceof Uint8Array)) return this.#restoreSlices(snapshot, data, restoring);
    restoring.add(data);
    this.#finish(snapshot, restoring);
    return null;
  }

  /** What is being restored is given up. */
  stop(): void {
    this.#isStopped = true;
  }

  async #restoreSlices(
    snapshot: Snapshot,
    data: StoredData,
    restoring: Restoring,
  ): Promise<"restored" | "given up"> {
    const isGivenUp = () => this.#isStopped || this.#restoring !== restoring;
    const pause = this.#options.pause ?? nextTurn;
    try {
      for await (const part of data.read(0)) {
        for (let at = 0; at < part.length; at += SLICE_BYTES) {
          if (isGivenUp()) return "given up";
          restoring.add(part.subarray(at, at + SLICE_BYTES));
          await pause();
        }
      }
    } catch (error) {
      // The file of one that is given up may be gone already.
      if (isGivenUp()) return "given up";
      throw error;
    }
    if (isGivenUp()) return "given up";
    this.#finish(snapshot, restoring);
    return "restored";
  }

  #finish(snapshot: Snapshot, restoring: Restoring): void {
    restoring.finish();
    assert(this.#restoring === restoring, "a snapshot that was given up is not finished");
    this.#restoring = null;
    const { index, term, confState } = snapshot;
    this.#last = { index, term, confState };
    this.#configuration = new ConfigurationHistory(index);
  }
}
