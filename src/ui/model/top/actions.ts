// What the operator's keys do to the dashboard's state.
import { isUnderWay } from "./change.ts";
import { cancelled, confirmed, labelTo, markedHere, proposed, rebindTo, typedName } from "./change-state.ts";
import { cursorAt, listHere, rowHere, viewHere } from "./cursor.ts";
import type { Action } from "./keys.ts";
import { shardsNamed } from "./shard-names.ts";
import type { TopState, ViewState } from "./state.ts";
import { VIEWS, type ViewName, viewsNamed } from "./views.ts";

const DRIFTING = "drift!=none drift!=unknown";

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
      return withDriftOnly(state);
    case "show-view":
      return shown(state, action.view);
    case "turn-view":
      return shown(state, turned(state.view, action.by));
    case "turn-sort":
      return updateView(state, (view) => ({ ...view, sortColumn: turnedColumn(state, action.by) }));
    case "reverse-sort":
      return updateView(state, (view) => ({ ...view, reversed: !view.reversed }));
    case "move":
      return moved(state, action.by);
    case "open":
      return opened(state);
    case "begin-filter":
      return listHere(state) === null ? state : withFilterPrompt(state);
    case "begin-command":
      return { ...state, help: false, prompt: { kind: "view", text: "" } };
    case "type":
      return typed(state, (text) => text + action.text);
    case "erase":
      return typed(state, (text) => [...text].slice(0, -1).join(""));
    case "complete":
      return typed(state, (text) => completed(state, text));
    case "end-prompt":
      return endPrompt(state);
    case "back":
      return back(state);
    case "mark":
      return markedHere(state);
    case "propose":
      return proposed(state, action.what);
    case "confirm":
      return confirmed(state);
    case "cancel":
      return cancelled(state);
    // top-dashboard.tsx does the work of these, outside the state.
    case "copy":
    case "redraw":
    case "seek":
    case "speed":
      return state;
  }
}

/** The command line that shows the same as the present view. */
export function commandHere(state: TopState): string {
  const command = listHere(state)?.command(rowHere(state)) ?? "fleet status";
  return state.targetWords === "" ? command : `${command} ${state.targetWords}`;
}

const shown = (state: TopState, view: ViewName): TopState => ({ ...state, view, help: false });

function turned(view: ViewName, by: 1 | -1): ViewName {
  const at = VIEWS.indexOf(view);
  return VIEWS[(at + by + VIEWS.length) % VIEWS.length] ?? view;
}

// After the last column comes the view's own order again.
function turnedColumn(state: TopState, by: 1 | -1): number | null {
  const count = listHere(state)?.columns.length ?? 0;
  const places = count + 1;
  const at = ((viewHere(state).sortColumn ?? count) + by + places) % places;
  return at === count ? null : at;
}

function moved(state: TopState, by: number): TopState {
  const list = listHere(state);
  const view = viewHere(state);
  if (list === null || view.open !== null || state.help) {
    const scroll = Math.max(0, Math.min(view.scroll + by, SCROLL_MAX));
    return updateView(state, (old) => ({ ...old, scroll: Number.isFinite(scroll) ? scroll : 0 }));
  }
  if (list.count === 0) return state;
  const at = Math.max(0, Math.min(cursorAt(list, view) + by, list.count - 1));
  return updateView(state, (old) => ({ ...old, cursor: list.nameAt(at) }));
}

// More lines than any row has; frames show no more than there are.
const SCROLL_MAX = 1_000;

function opened(state: TopState): TopState {
  const list = listHere(state);
  const view = viewHere(state);
  if (list === null || list.count === 0 || view.open !== null) return state;
  const name = list.nameAt(cursorAt(list, view));
  return updateView(state, (old) => ({ ...old, cursor: name, open: name, scroll: 0 }));
}

function withFilterPrompt(state: TopState): TopState {
  return { ...state, help: false, prompt: { kind: "filter", text: viewHere(state).filter } };
}

function typed(state: TopState, change: (text: string) => string): TopState {
  const { prompt } = state;
  if (prompt === null) return typedName(state, change);
  const text = change(prompt.text);
  const next = { ...state, prompt: { ...prompt, text } };
  return prompt.kind === "filter" ? updateView(next, (view) => ({ ...view, filter: text })) : next;
}

function completed({ prompt, lists }: TopState, text: string): string {
  if (prompt?.kind === "view") return viewsNamed(text)[0] ?? text;
  return prompt?.kind === "shard" ? (shardsNamed(lists, text)[0] ?? text) : text;
}

function endPrompt(state: TopState): TopState {
  const { prompt } = state;
  if (prompt?.kind === "shard") return rebindTo(state, prompt.text);
  if (prompt?.kind === "labels") return labelTo(state, prompt.text);
  if (prompt?.kind !== "view") return { ...state, prompt: null };
  if (/^(q|quit|exit)$/.test(prompt.text.trim())) return { ...state, running: "quit" };
  const [view] = prompt.text.trim() === "" ? [state.view] : viewsNamed(prompt.text);
  if (view === undefined) {
    const value = `there is no view ${prompt.text}: ${VIEWS.join(", ")}`;
    return { ...state, prompt: null, notice: { value, atMs: state.nowMs } };
  }
  return { ...shown(state, view), prompt: null };
}

/** One step back: out of the prompt, the help, a change that ended, the open row, the filter, the marks, in this order. */
function back(state: TopState): TopState {
  if (state.prompt?.kind === "filter")
    return updateView({ ...state, prompt: null }, (view) => ({ ...view, filter: "" }));
  if (state.prompt !== null) return { ...state, prompt: null };
  if (state.help) return { ...state, help: false };
  if (state.change !== null && !isUnderWay(state.change)) return cancelled(state);
  if (viewHere(state).open !== null) return updateView(state, (view) => ({ ...view, open: null, scroll: 0 }));
  const marked = viewHere(state).filter === "" && state.view === "clusters" ? [] : state.marked;
  return updateView({ ...state, marked }, (view) => ({ ...view, filter: "", scroll: 0 }));
}

function withDriftOnly(state: TopState): TopState {
  const front = shown(state, "clusters");
  return updateView(front, (view) => ({
    ...view,
    open: null,
    filter: view.filter === DRIFTING ? "" : DRIFTING,
  }));
}

function updateView(state: TopState, change: (view: ViewState) => ViewState): TopState {
  return { ...state, views: { ...state.views, [state.view]: change(state.views[state.view]) } };
}
