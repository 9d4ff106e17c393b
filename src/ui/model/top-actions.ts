// What the operator's keys do to the dashboard's state.
import { type Action, PANES, type Pane } from "./keys.ts";
import { columnCount, paneRows } from "./top-rows.ts";
import type { PaneState, TopState } from "./top-state.ts";
import { moveCursor } from "./window.ts";

export function act(state: TopState, action: Action): TopState {
  switch (action.kind) {
    case "quit":
      return { ...state, running: "quit" };
    case "interrupt":
      return { ...state, running: "interrupted" };
    case "toggle-help":
      return { ...state, help: !state.help };
    case "toggle-pause":
      return { ...state, paused: !state.paused };
    case "toggle-drift-only":
      return keepCursor({ ...state, driftOnly: !state.driftOnly, pane: "bindings" });
    case "show-pane":
      return { ...state, pane: action.pane };
    case "turn-pane":
      return { ...state, pane: turnPane(state.pane, action.by) };
    case "next-sort":
      return updatePane(state, (pane) => ({ ...pane, sortColumn: nextColumn(pane.sortColumn, state.pane) }));
    case "reverse-sort":
      return updatePane(state, (pane) => ({ ...pane, reversed: !pane.reversed }));
    case "move":
      return updatePane(state, (pane) => ({ ...pane, cursor: movedCursor(state, pane.cursor, action.by) }));
    case "begin-filter":
      return { ...state, typing: true };
    case "type":
      return keepCursor({ ...state, filter: state.filter + action.text });
    case "erase":
      return keepCursor({ ...state, filter: state.filter.slice(0, -1) });
    case "end-filter":
      return { ...state, typing: false };
    case "clear":
      return keepCursor({ ...state, typing: false, filter: "", help: false, driftOnly: false });
  }
}

function turnPane(pane: Pane, by: 1 | -1): Pane {
  const at = PANES.indexOf(pane);
  return PANES[(at + by + PANES.length) % PANES.length] ?? pane;
}

// After the last column comes the pane's own order again.
function nextColumn(column: number | null, pane: Pane): number | null {
  const next = column === null ? 0 : column + 1;
  return next < columnCount(pane) ? next : null;
}

function movedCursor(state: TopState, cursor: number, by: number): number {
  return moveCursor(cursor, by, paneRows(state, state.pane).length);
}

// There may be fewer rows than the cursor's position.
function keepCursor(state: TopState): TopState {
  return updatePane(state, (pane) => ({ ...pane, cursor: movedCursor(state, pane.cursor, 0) }));
}

function updatePane(state: TopState, change: (pane: PaneState) => PaneState): TopState {
  return { ...state, panes: { ...state.panes, [state.pane]: change(state.panes[state.pane]) } };
}
