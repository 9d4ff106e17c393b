// What later answers prove about a state in the middle of a search, by the model's look-ahead. It saves steps
// and changes no verdict. A hopeless state has no successful order. All unseen states have the same
// successful orders.

import { END } from "./entry-list.ts";
import type { Operation } from "./history.ts";
import type { LookAhead } from "./model.ts";
import type { Unplaced } from "./unplaced.ts";

/**
 * `hopeless`: the next read to return can't get its answer. `unseen`: the state is overwritten before any
 * read sees it, so all unseen states are equivalent. `open`: anything else.
 */
export type Outlook = "open" | "unseen" | "hopeless";

/** The outlook of `state`, the result of `placing`, which is still among the unplaced operations. */
export function outlook<State, Input, Output>(
  lookAhead: LookAhead<State, Input, Output>,
  unplaced: Unplaced<Input, Output>,
  placing: Operation<Input, Output>,
  state: State,
): Outlook {
  const { list, open, openPlaced } = unplaced;
  const read = nextReadReturn(lookAhead, unplaced);
  if (read === END) return "open";
  const { output, at } = unplaced.operationAt(read).completion;
  if (lookAhead.mayLeadTo(state, output)) return "open";

  // An operation must overwrite the state before that read, so before any operation that was called after its
  // return.
  const mayRestore = (other: Operation<Input, Output>) =>
    other !== placing && lookAhead.mayRestore(other.input, output);
  let isRestorable = open.some(
    (other, index) => other.call <= at && !openPlaced.has(index) && mayRestore(other),
  );
  let isUnseen = lookAhead.readsAloneTell;
  for (let entry = list.first(); entry !== read; entry = list.next(entry)) {
    if (!list.isCall(entry)) continue;
    const other = unplaced.operationAt(entry);
    if (!lookAhead.isRead(other.input)) isRestorable ||= mayRestore(other);
    else isUnseen &&= !lookAhead.mayLeadTo(state, other.completion.output);
  }
  if (!isRestorable) return "hopeless";
  return isUnseen ? "unseen" : "open";
}

/** The entry of the first return of a read, END if there is none. */
function nextReadReturn<State, Input, Output>(
  lookAhead: LookAhead<State, Input, Output>,
  unplaced: Unplaced<Input, Output>,
): number {
  const { list } = unplaced;
  let entry = list.first();
  while (entry !== END && (list.isCall(entry) || !lookAhead.isRead(unplaced.operationAt(entry).input))) {
    entry = list.next(entry);
  }
  return entry;
}
