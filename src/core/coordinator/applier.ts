// Applies a group's committed entries to its machine and its configuration, and knows how far that has come.
// What must stay true: entries are applied in order, without a gap, each once; a snapshot never takes the state back.

import { assert } from "../base/assert.ts";
import type { LogIndex, Term } from "../base/ids.ts";
import type { ConfChange } from "../raft/confchange.ts";
import { readConfChange } from "../raft/confchange-codec.ts";
import type { ConfState, Entry, Snapshot } from "../raft/message.ts";
import { ConfigurationHistory } from "./configuration-history.ts";
import type { Machine } from "./machine.ts";

export interface ApplierOptions<Result> {
  readonly machine: Machine<Result>;
  /** What the state begins with. */
  readonly snapshot: Snapshot;
  /** The configuration that the change leads to; null: it is impossible, and changes nothing. */
  readonly applyConfChange: (change: ConfChange) => ConfState | null;
  /** Told of each entry, in order; null is the result of what is no command. */
  readonly onApplied: (entry: Entry, result: Result | null) => void;
}

/** The entry that was applied last, and the configuration since then. */
export interface Applied {
  readonly index: LogIndex;
  readonly term: Term;
  readonly confState: ConfState;
}

export class Applier<Result> {
  readonly #options: ApplierOptions<Result>;
  #last: Applied;
  #configuration: ConfigurationHistory;

  constructor(options: ApplierOptions<Result>) {
    const { machine, snapshot } = options;
    this.#options = options;
    machine.restore(snapshot.index, snapshot.data);
    this.#last = appliedBy(snapshot);
    this.#configuration = new ConfigurationHistory(snapshot.index);
  }

  get last(): Applied {
    return this.#last;
  }

  get configuration(): Pick<ConfigurationHistory, "index" | "since"> {
    return this.#configuration;
  }

  apply(entry: Entry): void {
    const { machine, onApplied } = this.#options;
    assert(entry.index === this.#last.index + 1, "entries are applied in order, without a gap");
    const isCommand = entry.type === "normal";
    const result = machine.apply(entry.index, isCommand ? entry.data : new Uint8Array());
    const confState = isCommand ? this.#last.confState : this.#change(entry);
    this.#last = { index: entry.index, term: entry.term, confState };
    onApplied(entry, result);
  }

  #change({ index, data }: Entry): ConfState {
    const change = readConfChange(data);
    const confState = change && this.#options.applyConfChange(change);
    this.#configuration.applied(index, confState === null ? [] : (change?.changes ?? []));
    return confState ?? this.#last.confState;
  }

  restore(snapshot: Snapshot): void {
    assert(snapshot.index > this.#last.index, "a received snapshot never takes the state back");
    this.#options.machine.restore(snapshot.index, snapshot.data);
    this.#last = appliedBy(snapshot);
    this.#configuration = new ConfigurationHistory(snapshot.index);
  }
}

function appliedBy({ index, term, confState }: Snapshot): Applied {
  return { index, term, confState };
}
