// How the panes share the terminal's rows. The sum never exceeds the terminal's height: a taller frame would
// be cleared and drawn anew each time.
import { assert } from "../../core/base/assert.ts";
import { PANES, type Pane } from "./keys.ts";

export interface PaneHeight {
  readonly pane: Pane;
  /** Rows with the title and the column headers. */
  readonly height: number;
}

/** Title and column headers. */
export const PANE_CHROME_ROWS = 2;
// A smaller pane shows nothing useful.
const PANE_ROWS_MIN = PANE_CHROME_ROWS + 1;
// Below this height one pane alone shows more than three would.
const STACKED_ROWS_MIN = 15;
// The rows of an unfocused pane until the focused one has all that it needs.
const UNFOCUSED_ROWS_MAX = PANE_CHROME_ROWS + 5;

/** Heights of the drawn panes, top to bottom. `rowCounts` is how many rows each would like to show. */
export function sharePanes(
  available: number,
  focused: Pane,
  rowCounts: Readonly<Record<Pane, number>>,
): PaneHeight[] {
  if (available < STACKED_ROWS_MIN) {
    return available > 0 ? [{ pane: focused, height: available }] : [];
  }
  const others = PANES.filter((pane) => pane !== focused);
  const heights: Record<Pane, number> = {
    nodes: PANE_ROWS_MIN,
    shards: PANE_ROWS_MIN,
    bindings: PANE_ROWS_MIN,
  };
  let left = available - PANE_ROWS_MIN * PANES.length;
  const grow = (pane: Pane, limit: number): void => {
    const more = Math.max(0, Math.min(left, limit - heights[pane]));
    heights[pane] += more;
    left -= more;
  };
  for (const pane of others) grow(pane, Math.min(wanted(rowCounts[pane]), UNFOCUSED_ROWS_MAX));
  grow(focused, wanted(rowCounts[focused]));
  for (const pane of others) grow(pane, wanted(rowCounts[pane]));
  const shared = PANES.map((pane) => ({ pane, height: heights[pane] }));
  assert(shared.reduce((sum, { height }) => sum + height, 0) <= available, "panes fit the terminal");
  return shared;
}

const wanted = (rows: number): number => PANE_CHROME_ROWS + Math.max(1, rows);
