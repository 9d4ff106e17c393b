// The operations of a history that a search has not placed yet. Those with a return are in a list of their
// calls and returns. Those of unknown outcome are separate, because no return forces them into an order.

import { present } from "../base/assert.ts";
import { Bitset } from "./bitset.ts";
import { EntryList } from "./entry-list.ts";
import { type CompletedOperation, completedOf, type History, type Operation, openOf } from "./history.ts";

export class Unplaced<Input, Output> {
  /** The entries of the unplaced completed operations. */
  readonly list: EntryList;
  readonly #completed: readonly CompletedOperation<Input, Output>[];
  readonly completedPlaced: Bitset;
  /** All operations of unknown outcome, in order of their calls. */
  readonly open: History<Input, Output>;
  /** Which of the open operations are placed. */
  readonly openPlaced: Bitset;

  constructor(history: History<Input, Output>) {
    const completed = completedOf(history);
    this.#completed = completed;
    this.completedPlaced = new Bitset(completed.length);
    this.list = new EntryList(completed.map(({ call, completion }) => ({ call, returned: completion.at })));
    this.open = openOf(history).toSorted((a, b) => a.call - b.call);
    this.openPlaced = new Bitset(this.open.length);
  }

  /** The operation whose call or return the entry is. */
  operationAt(entry: number): CompletedOperation<Input, Output> {
    return present(this.#completed[this.list.operation(entry)], "an entry's operation is in the history");
  }

  openAt(index: number): Operation<Input, Output> {
    return present(this.open[index], "an open operation has an index within them");
  }
}
