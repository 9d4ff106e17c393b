// Applies a group's committed entries to its machine and its configuration, and knows the last applied one.
// What must stay true: entries are applied in order, without a gap, each once; a snapshot never takes the
// state back. A large entry is applied in slices (ADR-0022), and counts as applied after the last slice. A
// snapshot with data stored elsewhere is restored in slices, between which other work runs; until it is
// complete no entry is applied. Meanwhile a newer snapshot may replace it.

import { setImmediate as nextTurn } from "node:timers/promises";
import { assert, present } from "../../base/assert.ts";
import { type LogIndex, logIndex, type Term, term as termOf } from "../../base/ids.ts";
import { onlyVoters } from "../../base/only-voters.ts";
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
  /** The configuration after the change; null: the change is impossible and changes nothing. */
  readonly applyConfChange: (change: ConfChange) => ConfState | null;
  /** Called with each entry, in order; the result is null for an entry without a command. */
  readonly onApplied: (entry: Entry, result: Result | null) => void;
  /**
   * What to wait for between two slices of a snapshot; by default a turn for other work. A seam: simulations
   * decide.
   */
  readonly pause?: (() => Promise<unknown>) | undefined;
}

/** The last applied entry, and the configuration since then. */
export interface Applied {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

const NOTHING: Applied = {
  index: logIndex(0),
  term: termOf(0),
  confState: onlyVoters([]),
};

export class Applier<Result> {
  readonly #options: ApplierOptions<Result>;
  #last = NOTHING;
  #configuration = new ConfigurationHistory(NOTHING.index);
  #restoring: Restoring | null = null;
  /** The entry after `last`, while it is not complete. */
  #begun: { readonly entry: Entry; readonly slices: Slices<Result> } | null = null;
  #isStopped = false;

  constructor(options: ApplierOptions<Result>) {
    this.#options = options;
  }

  /** Whether the state is not that of any index, because a snapshot is replacing it. */
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

  /** Applies the next entry, or starts to; then `applySlice` does the rest. */
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

  /**
   * Null: it is restored. Otherwise the promise resolves later, or never, when a newer snapshot replaces it
   * or this has stopped.
   */
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

  /** Abandons a running restore. */
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
      // An abandoned snapshot's file may be gone already.
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
