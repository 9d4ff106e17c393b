// A whole frame of the dashboard: never more lines than the terminal has rows, each exactly as wide as it.
import { assert } from "../../../core/base/assert.ts";
import { formatDuration } from "../../../core/base/duration.ts";
import { fitLine } from "../fit.ts";
import { type Segment, segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import { isModal } from "./change.ts";
import { changeLines } from "./change-lines.ts";
import { cursorAt, listHere, viewHere } from "./cursor.ts";
import { detailLines } from "./detail-lines.ts";
import { footerLine } from "./footer.ts";
import { headerLines } from "./header.ts";
import { helpLines } from "./help.ts";
import { overviewLines } from "./overview.ts";
import { type TopState, unheardText } from "./state.ts";
import { type Line, tableLines } from "./table-lines.ts";
import { listOf } from "./views.ts";

/** The title, the command line, the question and a line between. */
const PANEL_MIN = 4;

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  readonly header: readonly Line[];
  readonly body: readonly Line[];
  readonly footer: Line;
}

export function topFrame(state: TopState, { columns, rows }: FrameSize, symbols: Symbols): Frame {
  const header = headerLines(state, columns, symbols).slice(0, Math.max(0, rows - 1));
  const footer = footerLine(state, columns, symbols);
  const height = Math.max(0, rows - header.length - 1);
  const panel = changeLines(state, { width: columns, height: panelHeight(state, height), symbols });
  const view = bodyLines(state, { width: columns, height: height - panel.length, symbols });
  const body = panel.length === 0 ? view : [...filled(view, height - panel.length, columns), ...panel];
  assert(header.length + body.length + 1 <= Math.max(1, rows), "a frame is never taller than the terminal");
  return { header, body, footer };
}

/** A question may need more room than what is only looked at. */
function panelHeight({ change }: TopState, height: number): number {
  if (change === null) return 0;
  return Math.max(Math.min(height, PANEL_MIN), Math.floor(height * (isModal(change) ? 0.7 : 0.4)));
}

/** A short view leaves the panel at its place, at the bottom. */
function filled(lines: readonly Line[], height: number, width: number): Line[] {
  const blank: Line = [segment(" ".repeat(width))];
  return [...lines, ...Array.from({ length: Math.max(0, height - lines.length) }, () => blank)];
}

const NONE_MARKED: ReadonlySet<string> = new Set();

interface Place {
  readonly width: number;
  readonly height: number;
  readonly symbols: Symbols;
}

function bodyLines(state: TopState, place: Place): Line[] {
  const { width, height, symbols } = place;
  if (height <= 0) return [];
  if (state.help) return helpLines(viewHere(state).scroll, place);
  const list = listHere(state);
  if (list === null) return overviewLines(state, place);
  const view = viewHere(state);
  if (view.open !== null) return openLines(state, view.open, place);
  const title = titleLine(state, place);
  if (list.count === 0)
    return [
      title,
      fitLine([segment(`  ${emptyText(state, list.total)}`, "faint")], width, symbols.ellipsis),
    ].slice(0, height);
  const { sortColumn, reversed } = view;
  const cursor = cursorAt(list, view);
  const marked = state.view === "clusters" ? new Set(state.marked) : NONE_MARKED;
  const look = {
    ...{ width, height: height - 1, cursor, sortColumn, reversed, wallMs: state.wallMs, marked, symbols },
  };
  return [title, ...tableLines(list, look)];
}

function openLines(state: TopState, open: string, place: Place): Line[] {
  const { width, height, symbols } = place;
  const details = listHere(state)?.detailsOf(state, open) ?? null;
  const title = fitLine(
    [segment(`  ${state.view} ${symbols.cursor} `, "faint"), segment(open, "strong")],
    width,
    symbols.ellipsis,
  );
  if (details === null) {
    const gone = fitLine([segment(`  ${open} is not there any more`, "warn")], width, symbols.ellipsis);
    return [title, gone].slice(0, height);
  }
  const { scroll } = viewHere(state);
  return [
    title,
    ...detailLines(details, { width, height: height - 1, scroll }, { wallMs: state.wallMs, symbols }),
  ];
}

/** What is shown, how many rows, and how old they are. */
function titleLine(state: TopState, { width, height, symbols }: Place): Line {
  const list = listHere(state);
  const view = viewHere(state);
  const count = list?.count ?? 0;
  const total = list?.total ?? 0;
  const counted = count === total ? `${total}` : `${count} of ${total}`;
  const at = list !== null && count > height - 2 ? `  row ${cursorAt(list, view) + 1}` : "";
  const filter = view.filter === "" ? [] : [segment(`  filter "${view.filter}"`, "warn")];
  const { marked } = state;
  const marks =
    state.view === "clusters" && marked.length > 0 ? [segment(`  ${marked.length} marked`, "strong")] : [];
  const heard = listAge(state);
  return fitLine(
    [segment(`  ${state.view} `, "strong"), segment(counted + at, "faint"), ...filter, ...marks, ...heard],
    width,
    symbols.ellipsis,
  );
}

/** Lists are asked for again within seconds: what is older says so. */
const OLD_MS = 15_000;

function listAge(state: TopState): Segment[] {
  const name = listOf(state.view);
  if (name === null) return [];
  const heard = state.lists[name];
  const problem = state.problems[name];
  const ageMs = heard === undefined ? null : state.nowMs - heard.atMs;
  if (problem === undefined && (ageMs === null || ageMs < OLD_MS)) return [];
  const age = ageMs === null ? "" : `  as of ${formatDuration(ageMs)} ago`;
  return [segment(`${age}${problem === undefined ? "" : `  ${problem}`}`, "warn")];
}

function emptyText(state: TopState, total: number): string {
  const { filter } = viewHere(state);
  if (total > 0 && filter !== "") return `nothing matches "${filter}": esc clears it`;
  const name = listOf(state.view);
  if (name !== null && state.lists[name] === undefined) return state.problems[name] ?? unheardText(state);
  return "none";
}
