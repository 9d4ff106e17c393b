// The rows of the view in front, and the one under its cursor.

import type { RowList } from "./rows.ts";
import type { TopState, ViewState } from "./state.ts";
import { rowsOf } from "./view-list.ts";

/** The rows of the present view; null when it shows none. */
export function listHere(state: TopState): RowList | null {
  return state.view === "overview" ? null : rowsOf(state, state.view);
}

export const viewHere = (state: TopState): ViewState => state.views[state.view];

/** Position of the row under the cursor; the first one, if the cursor's row is gone. */
export function cursorAt(list: RowList, { cursor }: ViewState): number {
  return cursor === null ? 0 : Math.max(0, list.find(cursor));
}

/** The name of the open row, or else of the one under the cursor; null in an empty list. */
export function rowHere(state: TopState): string | null {
  const list = listHere(state);
  const view = viewHere(state);
  if (list === null || view.open !== null) return view.open;
  return list.count === 0 ? null : list.nameAt(cursorAt(list, view));
}
