// The newest changes of a group's configuration that this replica has applied: pure. A compare-and-set on the
// configuration's index needs the last change. A change that was begun under that index and not finished
// needs all changes since. Absent: changes that a snapshot covers, of which only the result is known.

import { assert } from "../../base/assert.ts";
import type { LogIndex } from "../../base/ids.ts";
import type { ConfOperation } from "../../raft/confchange.ts";

const CHANGES_MAX = 32;

interface AppliedChange {
  readonly index: LogIndex;
  readonly operations: readonly ConfOperation[];
}

export class ConfigurationHistory {
  /** Every change above it is known. */
  #knownAbove: LogIndex;
  readonly #changes: AppliedChange[] = [];

  constructor(snapshotIndex: LogIndex) {
    this.#knownAbove = snapshotIndex;
  }

  /** At least the index of the last change. */
  get index(): LogIndex {
    return this.#changes.at(-1)?.index ?? this.#knownAbove;
  }

  applied(index: LogIndex, operations: readonly ConfOperation[]): void {
    assert(index > this.index, "changes are applied in order, each once");
    this.#changes.push({ index, operations });
    const dropped = this.#changes.length > CHANGES_MAX ? this.#changes.shift() : undefined;
    if (dropped !== undefined) this.#knownAbove = dropped.index;
  }

  /** The changes above `index`; null when they are not known. */
  since(index: number): readonly ConfOperation[] | null {
    if (index < this.#knownAbove) return null;
    return this.#changes.filter((change) => change.index > index).flatMap((change) => change.operations);
  }
}
